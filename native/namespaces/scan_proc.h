// All namespaces of the machine that /proc shows: those of processes, and those that only a mount or a descriptor keeps
// alive.
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
  pid_t pid = 0;  // the lowest pid in it; 0: none
  uid_t uid = 0;  // of that process
  std::string command;
  size_t descriptors = 0;  // of processes whose /proc/PID/fd this process may read
  std::string mounts;      // mount points as in /proc/self/mountinfo, each with a line feed at its end
};

Failure scan_proc(std::vector<NamespaceEntry>& found);

}  // namespace netloom
