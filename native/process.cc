#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "birth.h"
#include "namespace.h"
#include "thread_start.h"

namespace netloom {
namespace {

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

// P_PIDFD of linux/wait.h, which older C libraries do not know.
constexpr auto kByPidfd = static_cast<idtype_t>(3);

// What is in a directory of /etc/netns. One that is not there holds nothing; one that is a symbolic link is refused.
Failure list_entries(const std::string& directory, std::vector<std::string>& entries) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return errno == ENOENT ? Failure{} : failed("open");
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(::fdopendir(fd.get()), ::closedir);
  if (!opened) return failed("opendir");
  (void)fd.release();
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(opened.get());
    if (!entry) return errno == 0 ? Failure{} : failed("readdir");
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      entries.emplace_back(entry->d_name);
  }
}

// The pipes are sockets, as Node's are.
Failure open_pipes(const ProcessRequest& request, std::vector<Fd>& ours, std::vector<Fd>& theirs) {
  for (const int wanted : request.stdio) {
    int ends[2] = {-1, -1};
    if (wanted == ProcessRequest::kPiped && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return failed("socketpair");
    ours.emplace_back(ends[0]);
    theirs.emplace_back(ends[1]);
  }
  return {};
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

// In the place of the pidfd of the process that bore it.
Failure open_pidfd(pid_t pid, Fd& pidfd) {
  pidfd.reset();
  pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd) return {};
  const Failure failure = failed("pidfd_open");
  ::kill(pid, SIGKILL);
  reap(pid);
  return failure;
}

Failure check_kind(int fd, int kind) {
  return ::ioctl(fd, NS_GET_NSTYPE) == kind ? Failure{} : Failure{EINVAL, "ioctl"};
}

Failure bear(const ProcessRequest& request, StartedProcess& started) {
  std::vector<Fd> theirs;
  if (Failure failure = open_pipes(request, started.ends, theirs)) return failure;
  std::vector<int> stdio;
  for (size_t i = 0; i < theirs.size(); ++i)
    stdio.push_back(theirs[i] ? theirs[i].get() : request.stdio[i]);
  Birth birth(request, std::move(stdio));
  if (!request.etc_directory.empty()) {
    if (Failure failure = list_entries(request.etc_directory, birth.etc_entries)) return failure;
  }
  if (request.dies_with_parent) {
    birth.parent_fd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    if (!birth.parent_fd) return failed("pidfd_open");
  }
  const auto stack = std::make_unique_for_overwrite<Birth::Stack>();
  int pidfd = -1;
  pid_t first;
  {
    // A handler of ours must not run in the child, which shares our memory until it has its own.
    const SignalsBlocked blocked;
    first = ::clone(Birth::run, stack->top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &birth, &pidfd);
  }
  if (first < 0) return failed("clone");
  started.pidfd = Fd(pidfd);
  started.pid = first;
  birth.end_first();
  if (birth.second != 0) {
    reap(first);
    started.pid = birth.second;
  }
  if (birth.failure) {
    reap(started.pid);
    started.pidfd.reset();
    return birth.failure;
  }
  return birth.second == 0 ? Failure{} : open_pidfd(birth.second, started.pidfd);
}

}  // namespace

Failure start_process(const ProcessRequest& request, StartedProcess& started) {
  const Failure failure = bear(request, started);
  // These Node reports by an event, when the streams are there.
  const int error = failure.error;
  if (failure && error != ENOENT && error != EACCES && error != EAGAIN) started.ends.clear();
  return failure;
}

bool take_end(int pidfd, int& code, int& signal) {
  siginfo_t info = {};
  int result = 0;
  do {
    result = ::waitid(kByPidfd, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG | __WALL);
  } while (result != 0 && errno == EINTR);
  if (result == 0 && info.si_pid == 0) return false;
  const bool exited = info.si_code == CLD_EXITED;
  code = result != 0 ? -1 : exited ? info.si_status : 0;
  signal = result != 0 || exited ? 0 : info.si_status;
  return true;
}

Failure open_kind(const std::string& path, int kind, Fd& opened) {
  if (Failure failure = open_namespace_file(path, opened)) return failure;
  return check_kind(opened.get(), kind);
}

Failure duplicate_kind(int fd, int kind, Fd& opened) {
  opened = Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!opened) return failed("fcntl");
  return check_kind(opened.get(), kind);
}

}  // namespace netloom
