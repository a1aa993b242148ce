// The cores that this process may run on: threads of ours may be bound to fewer.
#pragma once

#include <sched.h>
#include <unistd.h>

namespace netloom {

// Those of the process's first thread, which the user chose.
inline bool cores_of_process(cpu_set_t& cores) {
  return ::sched_getaffinity(::getpid(), sizeof cores, &cores) == 0;
}

inline bool has_one_core() {
  cpu_set_t cores;
  return cores_of_process(cores) && CPU_COUNT(&cores) == 1;
}

}  // namespace netloom
