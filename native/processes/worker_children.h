// Processes that a Worker starts with Node's child_process. When the Worker is terminated, Node no longer waits for
// them, and they would stay zombies: the next launch of any thread reaps them.
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

  // Keeps a launch until it is awaited. Returns its number.
  uint64_t keep(PreparedLaunch launch);
  PreparedLaunch take(uint64_t number);
  // Notes a running process. Returns a number for it; 0 if it has ended.
  uint64_t note(pid_t pid);
  // To be called when Node has reaped it.
  void forget(uint64_t child) { pidfds_.erase(child); }
  // Hands the remaining children, and those whose launch was started, to reap_orphans().
  void end();

  // Reaps those children of ended Workers that have ended.
  static void reap_orphans();

 private:
  std::unordered_map<uint64_t, PreparedLaunch> prepared_;
  std::unordered_map<uint64_t, Fd> pidfds_;
  uint64_t last_number_ = 0;
};

}  // namespace netloom
