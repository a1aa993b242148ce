// The jobs that look for the processes in a namespace.
#pragma once

#include <sys/types.h>

#include <vector>

#include "netns/namespace.h"
#include "threads/job.h"

namespace netloom {

// The processes whose main thread is in a network namespace, as `ip netns pids` has them.
class ListProcesses final : public Job {
 public:
  explicit ListProcesses(NamespacePointer netns) : netns_(std::move(netns)) {}
  void run(ThreadHome& thread) override;
  // [pid, pid, …]
  napi_value deliver(const Delivery& to) override;

 private:
  NamespacePointer netns_;
  std::vector<pid_t> found_;
};

// Sends a signal to all of them, and to those that they start meanwhile. EBUSY if this process is one of them.
class SignalProcesses final : public Job {
 public:
  SignalProcesses(NamespacePointer netns, int signal) : netns_(std::move(netns)), signal_(signal) {}
  void run(ThreadHome& thread) override;
  // [pid, pid, …] of those that got it
  napi_value deliver(const Delivery& to) override;

 private:
  NamespacePointer netns_;
  int signal_;
  std::vector<pid_t> signaled_;
};

}  // namespace netloom
