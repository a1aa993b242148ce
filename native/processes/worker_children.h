// Processes that a Worker starts by Node's child_process. When it is terminated, Node does not
// wait for them any more, and they would stay zombies: the next launch of any thread reaps them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <unordered_map>

#include "base/fd.h"
#include "launch/launcher_process.h"

namespace netloom {

class WorkerChildren {
 public:
  WorkerChildren() = default;
  WorkerChildren(const WorkerChildren&) = delete;
  WorkerChildren& operator=(const WorkerChildren&) = delete;
  ~WorkerChildren() { end(); }

  // Keeps a launch until it is awaited, and gives its number.
  uint64_t keep(PreparedLaunch launch);
  PreparedLaunch take(uint64_t number);
  // A number for a process that runs; 0 if it is gone.
  uint64_t note(pid_t pid);
  // Node has reaped it.
  void forget(uint64_t child) { pidfds_.erase(child); }
  // Leaves the children that are left, and those whose launch was begun, to reap_orphans().
  void end();

  // Reaps what has ended of all that ended Workers have left.
  static void reap_orphans();

 private:
  std::unordered_map<uint64_t, PreparedLaunch> prepared_;
  std::unordered_map<uint64_t, Fd> pidfds_;
  uint64_t last_number_ = 0;
};

}  // namespace netloom
