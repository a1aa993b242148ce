// Namespaces of several kinds, which one launcher creates together.
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

// The first process of a pid namespace: without it no other can be created there, and when it ends the kernel kills the
// others. It only reaps orphans, and ends with this object, or with this process, however that ends.
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
  std::array<Fd, kKinds.size()> fds;    // in the order of kKinds; open for the kinds that were requested
  std::shared_ptr<FirstProcess> first;  // where there is a pid namespace
};

// If it fails, nothing that it has created is left.
Failure create_set(ThreadHome& thread, LaunchPlan plan, NamespaceSet& set);

}  // namespace netloom
