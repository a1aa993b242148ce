#include "child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "thread_start.h"

namespace netloom {
namespace {

constexpr size_t kGuard = 4096;

const pid_t process = ::getpid();

// Ends this process alone: nothing that belongs to the other one may run. AddressSanitizer takes a function that does
// not return for one that leaves its thread's stack, which this is not on: those who call it are not to be
// instrumented.
[[noreturn]] void end_child() {
  while (true)
    ::syscall(SYS_exit, 0);
}

// Its end is told by no signal: Node and others need not know of it, nor may reap it by mistake.
Failure reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, __WALL) < 0) {
    if (errno != EINTR) return failed("waitpid");
  }
  return WIFEXITED(status) ? Failure{} : Failure{EIO, "clone"};
}

}  // namespace

ChildStack::~ChildStack() {
  if (memory_) ::munmap(memory_, kSize);
}

Failure ChildStack::make() {
  if (memory_) return {};
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return failed("mmap");
  memory_ = memory;
  // What overflows meets nothing.
  (void)::mprotect(memory_, kGuard, PROT_NONE);
  return {};
}

bool is_child() {
  return ::getpid() != process;
}

Failure run_in_child(ChildStack& stack, int flags, void (*run)(void*), void* argument) {
  if (Failure failure = stack.make()) return failure;
  struct Call {
    void (*run)(void*);
    void* argument;
  } call{run, argument};
  const auto main = [](void* given) __attribute__((no_sanitize_address))->int {
    const Call& self = *static_cast<Call*>(given);
    self.run(self.argument);
    end_child();
  };
  const SignalsBlocked blocked;
  // Not CLONE_FS: who enters a user namespace must not share that.
  const pid_t pid = ::clone(main, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_FILES | flags, &call);
  return pid < 0 ? failed("clone") : reap(pid);
}

Failure Idler::start(ChildStack& stack, int flags) {
  if (Failure failure = stack.make()) return failure;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
  sleep_ = ends[0];
  wake_ = ends[1];
  // It shares the memory of its caller's thread as well, errno too: so it does this one thing, which does not fail.
  const auto main = [](void* given) __attribute__((no_sanitize_address))->int {
    char byte;
    (void)!::syscall(SYS_read, *static_cast<int*>(given), &byte, 1);
    end_child();
  };
  const SignalsBlocked blocked;
  pid_ = ::clone(main, stack.top(), CLONE_VM | CLONE_FILES | flags, &sleep_);
  if (pid_ >= 0) return {};
  const Failure failure = failed("clone");
  end();
  return failure;
}

void Idler::end() {
  if (pid_ >= 0) {
    // The descriptors are shared, so to close one would not end the other's read.
    (void)!::write(wake_, "", 1);
    (void)reap(pid_);
  }
  if (wake_ >= 0) ::close(wake_);
  if (sleep_ >= 0) ::close(sleep_);
  pid_ = wake_ = sleep_ = -1;
}

}  // namespace netloom
