// Namespaces of several kinds that are created at once, by a launcher that is in all of them.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>

#include "base/failure.h"
#include "base/fd.h"
#include "base/namespace_kinds.h"
#include "launch/launch_plan.h"

namespace netloom {

class ThreadHome;

// The first process of a pid namespace: without it no other can begin there, and with it all others end. It does
// nothing but reap what is left to it, and ends with this object, or with this process, however that ends.
class FirstProcess {
 public:
  FirstProcess(pid_t pid, Fd lifeline) : pid_(pid), lifeline_(std::move(lifeline)) {}
  FirstProcess(const FirstProcess&) = delete;
  FirstProcess& operator=(const FirstProcess&) = delete;
  ~FirstProcess();

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
  Fd lifeline_;
};

struct NamespaceSet {
  std::array<Fd, kKinds.size()> fds;    // as kKinds, those that were asked for
  std::shared_ptr<FirstProcess> first;  // where there is a pid namespace
};

// Nothing of it stays if it fails.
Failure create_set(ThreadHome& thread, LaunchPlan plan, NamespaceSet& set);

}  // namespace netloom
