// All namespaces of the machine that can be seen in /proc: those of processes, and those that only a mount or a
// descriptor keeps.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"

namespace netloom {

struct NamespaceEntry {
  std::string kind;
  uint64_t inode = 0;
  size_t processes = 0;
  pid_t pid = 0;  // the lowest of those in it; 0: there is none
  uid_t uid = 0;  // whose process that is
  std::string command;
  size_t descriptors = 0;  // of processes that this one may look at
  std::string mounts;      // their paths as in /proc/self/mountinfo, each with a line feed at its end
};

Failure scan_proc(std::vector<NamespaceEntry>& found);

}  // namespace netloom
