// A process outside that represents a program in a pid namespace: it forwards signals to the program, and ends as the
// program does. It enters no namespace itself. Its child does, and the processes that the child forks there become
// children of the monitor too (CLONE_PARENT).
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

constexpr size_t kMaskSize = 8;
using Mask = uint64_t;

// Shared memory in which the kernel notes the pids of the processes inside, as the process that forks them may be
// killed.
struct Children {
  int32_t first;  // of a new pid namespace
  int32_t program;
};

struct Monitor {
  const Work& work;
  Mask before = 0;
  Children* children = nullptr;
  int errors[2] = {-1, -1};    // from the child that enters the namespaces
  int lifeline[2] = {-1, -1};  // of the first process
  int terminal = -1;
  int group = -1;  // the terminal's foreground process group before the launch, if it was ours

  Failure open();
  Failure start();
  [[noreturn]] void go_in();
  [[noreturn]] void watch();
  void kill_all();
  void pass_on(int signal, int code) const;
  void take_terminal_back() const;
  [[noreturn]] void end_as(int status);
};

// Kept until the process's credentials change: so a process also dies that hangs in a file system of another user.
void die_with_parent() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void set_mask(Mask mask, Mask* before) {
  call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, kMaskSize);
}

Failure Monitor::open() {
  const long page =
      call(SYS_mmap, nullptr, sizeof(Children), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page < 0) return failed(page, Step::mmap);
  children = reinterpret_cast<Children*>(page);
  *children = {};
  if (const long result = call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, errors); result < 0)
    return failed(result, Step::socket);
  if (const long result = call(SYS_pipe2, lifeline, O_CLOEXEC); result < 0) return failed(result, Step::pipe);
  for (int fd = 0; fd < 3 && terminal < 0; ++fd) {
    int foreground = 0;
    if (call(SYS_ioctl, fd, TIOCGPGRP, &foreground) < 0) continue;
    terminal = static_cast<int>(call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, work.socket));
    if (foreground == call(SYS_getpgid, 0)) group = foreground;
  }
  return {};
}

void Monitor::go_in() {
  die_with_parent();
  call(SYS_close, lifeline[1]);
  call(SYS_close, errors[0]);
  if (Failure failure = enter(work)) fail(errors[1], failure);
  const auto fork_inside = [&](int32_t& number) { return fork(CLONE_PARENT | CLONE_PARENT_SETTID, &number); };
  if (work.makes(CLONE_NEWPID)) {
    const int first = fork_inside(children->first);
    if (first < 0) fail(errors[1], failed(first, Step::clone));
    if (first == 0) be_first(lifeline[0]);
  }
  const int program = fork_inside(children->program);
  if (program < 0) fail(errors[1], failed(program, Step::clone));
  if (program > 0) exit(0);
  die_with_parent();
  set_mask(before, nullptr);
  become(work, errors[1]);
}

// Waits until the program runs, or has failed. A process inside may have stopped the child first: then it has failed.
Failure Monitor::start() {
  set_mask(~0ULL, &before);
  const int entering = fork();
  if (entering < 0) return failed(entering, Step::clone);
  if (entering == 0) go_in();
  close(errors[1]);
  close(lifeline[0]);
  while (true) {
    pollfd ready{errors[0], POLLIN, 0};
    timespec pause{0, 50'000'000};
    const long polled = call(SYS_ppoll, &ready, 1, &pause, nullptr, kMaskSize);
    if (polled > 0) break;
    if (polled < 0 && polled != -EINTR) return failed(polled, Step::ppoll);
    int status = 0;
    for (const int pid : {entering, static_cast<int>(children->program)}) {
      if (pid == 0 || wait(pid, &status, WNOHANG | WUNTRACED) <= 0 || !WIFSTOPPED(status)) continue;
      call(SYS_kill, entering, SIGKILL);
      return Failure{EINTR, Step::launch};
    }
  }
  Report report{};
  if (read(errors[0], &report, sizeof report) == sizeof report) return Failure{report.error, report.step};
  reap(entering);
  return children->program == 0 ? Failure{EINTR, Step::launch} : Failure{};
}

void Monitor::kill_all() {
  for (const int pid : {static_cast<int>(children->program), static_cast<int>(children->first)})
    if (pid > 0) call(SYS_kill, pid, SIGKILL);
  close(lifeline[1]);
  while (true) {
    const int ended = wait(-1, nullptr, 0);
    if (ended < 0 && ended != -EINTR) break;
  }
}

void Monitor::pass_on(int signal, int code) const {
  // A terminal signals all of its foreground process group, so the program has this signal already if it is in the
  // group.
  const bool has_it = code == SI_KERNEL && call(SYS_getpgid, children->program) == call(SYS_getpgid, 0);
  if (!has_it) call(SYS_kill, children->program, signal);
}

void Monitor::take_terminal_back() const {
  if (terminal < 0 || group < 0) return;
  int now = 0;
  if (call(SYS_ioctl, terminal, TIOCGPGRP, &now) >= 0 && now != group) call(SYS_ioctl, terminal, TIOCSPGRP, &group);
}

void Monitor::end_as(int status) {
  take_terminal_back();
  kill_all();
  if (WIFEXITED(status)) exit(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const rlimit none{0, 0};
  call(SYS_prlimit64, 0, RLIMIT_CORE, &none, nullptr);
  set_mask(0, nullptr);
  call(SYS_kill, call(SYS_getpid), signal);
  exit(128 + signal);
}

void Monitor::watch() {
  close(work.socket);
  // Descriptors that the monitor holds would keep pipes open which the program has closed.
  close_all_but(terminal, lifeline[1]);
  call(SYS_chdir, "/");
  prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("netloom-monitor"));
  const Mask all = ~0ULL;
  while (true) {
    int status = 0;
    int ended = 0;
    while ((ended = wait(-1, &status, WNOHANG | WUNTRACED)) > 0) {
      if (ended != children->program) continue;
      if (!WIFSTOPPED(status)) end_as(status);
      // So that the shell which has started this process sees that it has stopped.
      take_terminal_back();
      call(SYS_kill, call(SYS_getpid), SIGSTOP);
    }
    siginfo_t info;
    const long signal = call(SYS_rt_sigtimedwait, &all, &info, nullptr, kMaskSize);
    if (signal > 0 && signal != SIGCHLD) pass_on(static_cast<int>(signal), info.si_code);
  }
}

}  // namespace

void monitor(const Work& work) {
  Monitor monitor{work};
  if (Failure failure = monitor.open()) fail(work.socket, failure);
  if (Failure failure = monitor.start()) {
    monitor.kill_all();
    fail(work.socket, failure);
  }
  monitor.watch();
}

}  // namespace netloom::launch
