// A child that does something where no thread of this process may go: into a user namespace, which is for processes of
// one thread. It shares memory and descriptors, so what it opens and finds is ours, and ends before its caller goes on.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>

#include "failure.h"

namespace netloom {

// A stack of such a child. One at a time may use it.
class ChildStack {
 public:
  ~ChildStack();
  ChildStack() = default;
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  // Makes it, if it is not there yet.
  Failure make();
  void* top() const { return static_cast<char*>(memory_) + kSize; }

 private:
  static constexpr size_t kSize = 256 * 1024;
  void* memory_ = nullptr;
};

// Calls `run(argument)` in a child, whose thread is the calling one's copy, and waits for its end. Further `flags` of
// clone(2) are those of namespaces. No signal reaches the child but SIGKILL.
Failure run_in_child(ChildStack& stack, int flags, void (*run)(void*), void* argument);

// Whether this is such a child.
bool is_child();

// Runs `visit()`, which gives a Failure, in such a child.
template <class Function>
Failure in_child(ChildStack& stack, Function visit) {
  struct Call {
    Function& visit;
    Failure failure;
  } call{visit, {EIO, "clone"}};
  const auto run = [](void* argument) {
    Call& self = *static_cast<Call*>(argument);
    self.failure = self.visit();
  };
  const Failure failure = run_in_child(stack, 0, run, &call);
  return failure ? failure : call.failure;
}

// A process of new namespaces that does nothing, so that somebody else can look at them: it ends with this object.
class Idler {
 public:
  ~Idler() { end(); }
  Idler() = default;
  Idler(const Idler&) = delete;
  Idler& operator=(const Idler&) = delete;

  Failure start(ChildStack& stack, int flags);
  pid_t pid() const { return pid_; }
  void end();

 private:
  pid_t pid_ = -1;
  int wake_ = -1;
  int sleep_ = -1;
};

}  // namespace netloom
