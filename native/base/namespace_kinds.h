// The eight kinds of namespaces: their names in /proc, and their flags of clone(2).
#pragma once

#include <sched.h>

#include <array>
#include <cstddef>
#include <string_view>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace netloom {

struct Kind {
  const char* name;
  int flag;
};

// In the order in which a process enters them: in the user namespace it gets the capabilities to enter the others.
inline constexpr std::array<Kind, 8> kKinds = {{
    {"user", CLONE_NEWUSER},
    {"cgroup", CLONE_NEWCGROUP},
    {"ipc", CLONE_NEWIPC},
    {"uts", CLONE_NEWUTS},
    {"net", CLONE_NEWNET},
    {"pid", CLONE_NEWPID},
    {"mnt", CLONE_NEWNS},
    {"time", CLONE_NEWTIME},
}};

// 0 if no kind has this name.
inline int flag_of(std::string_view name) {
  for (const Kind& kind : kKinds)
    if (name == kind.name) return kind.flag;
  return 0;
}

// An empty name if no kind has this flag.
inline const char* name_of(int flag) {
  for (const Kind& kind : kKinds)
    if (flag == kind.flag) return kind.name;
  return "";
}

}  // namespace netloom
