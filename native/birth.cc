#include "birth.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstring>

namespace netloom {
namespace {

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC of linux/close_range.h

constexpr uint32_t kGo = 1;
constexpr uint32_t kEnd = 2;

// Where programs are if the environment has no PATH, as in execvp(3).
constexpr const char* kDefaultPath = "/bin:/usr/bin";

void wait_while(std::atomic<uint32_t>& word, uint32_t value) {
  // Not FUTEX_PRIVATE_FLAG: the kernel wakes whoever waits for the end of a process without it.
  while (word.load() == value)
    ::syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}

std::vector<std::string> places_of(const std::string& file, const std::vector<std::string>& environment) {
  if (file.empty() || file.find('/') != std::string::npos) return {file};
  std::string path = kDefaultPath;
  for (const std::string& variable : environment) {
    if (variable.compare(0, 5, "PATH=") != 0) continue;
    path = variable.substr(5);
    break;
  }
  std::vector<std::string> places;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    const std::string directory = path.substr(begin, end - begin);
    places.push_back(directory.empty() ? file : directory + "/" + file);
    begin = end + 1;
  }
  return places;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts)
    all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// As libuv does it: also what is ignored is not ignored by the program.
void reset_signals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    (void)::sigaction(signal, &action, nullptr);
}

}  // namespace

Birth::Birth(const ProcessRequest& request, std::vector<int> stdio)
    : request_(request),
      stdio_(std::move(stdio)),
      candidates_(places_of(request.file, request.environment)),
      arguments_(pointers(request.arguments)),
      environment_(pointers(request.environment)),
      postponed_(request.joined.size(), false),
      left_to_make_(request.made),
      parent_(::getpid()) {
  if (is_twofold()) second_stack_ = std::make_unique_for_overwrite<Stack>();
  shell_arguments_ = {const_cast<char*>("/bin/sh"), nullptr};
  if (arguments_.size() > 1)
    shell_arguments_.insert(shell_arguments_.end(), arguments_.begin() + 1, arguments_.end());
  else
    shell_arguments_.push_back(nullptr);
}

bool Birth::is_twofold() const {
  bool found = (request_.made & (CLONE_NEWUSER | CLONE_NEWPID)) != 0;
  for (const JoinedNamespace& joined : request_.joined)
    found = found || joined.kind == CLONE_NEWPID;
  return found;
}

int Birth::run(void* self) {
  Birth& birth = *static_cast<Birth*>(self);
  if (Failure failure = birth.enter()) birth.fail(failure);
  if (!birth.is_twofold()) birth.become();
  if (Failure failure = birth.bear_second()) birth.fail(failure);
  ::_exit(0);
}

int Birth::run_second(void* self) {
  Birth& birth = *static_cast<Birth*>(self);
  wait_while(birth.gate_, 0);
  if (birth.gate_.load() != kGo) ::_exit(127);
  birth.become();
}

void Birth::fail(Failure why) {
  failure = why;
  ::_exit(127);
}

Failure Birth::enter() {
  if (Failure why = join(false)) return why;
  const bool waits = std::find(postponed_.begin(), postponed_.end(), true) != postponed_.end();
  // Its mounts need the rights over the network namespace that a user namespace takes away, or gives.
  if (request_.etc && !waits) {
    if (Failure why = mount_like_ip_netns()) return why;
  }
  // What the host has given us besides would go along into numbers that mean others.
  if ((request_.made & CLONE_NEWUSER) != 0) (void)::syscall(SYS_setgroups, 0, nullptr);
  if (Failure why = join(true)) return why;
  if (request_.etc && waits) {
    if (Failure why = mount_like_ip_netns()) return why;
  }
  if (is_twofold() || left_to_make_ == 0) return {};
  return ::unshare(left_to_make_) == 0 ? Failure{} : failed("unshare");
}

Failure Birth::join(bool after_user) {
  bool has_user = false;
  for (const JoinedNamespace& one : request_.joined)
    has_user = has_user || one.kind == CLONE_NEWUSER;
  if (after_user) {
    if (!has_user) return {};
    for (const JoinedNamespace& one : request_.joined) {
      if (one.kind == CLONE_NEWUSER && ::setns(one.fd.get(), one.kind) != 0) return failed("setns");
    }
  }
  for (size_t i = 0; i < request_.joined.size(); ++i) {
    const JoinedNamespace& one = request_.joined[i];
    if (one.kind == CLONE_NEWUSER || (after_user && !postponed_[i])) continue;
    if (::setns(one.fd.get(), one.kind) == 0) continue;
    if (after_user || !has_user || errno != EPERM) return failed("setns");
    postponed_[i] = true;
  }
  return {};
}

Failure Birth::bear_second() {
  const int flags = CLONE_VM | CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | left_to_make_ | SIGCHLD;
  const pid_t pid = ::clone(run_second, second_stack_->top(), flags, this, &second_is_here_, nullptr, &second_is_here_);
  if (pid < 0) return failed("clone");
  second = pid;
  const Failure why = write_maps();
  open_gate(why ? kEnd : kGo);
  wait_while(second_is_here_, static_cast<uint32_t>(pid));
  return why;
}

void Birth::open_gate(uint32_t how) {
  gate_ = how;
  ::syscall(SYS_futex, &gate_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void Birth::end_first() {
  const uint32_t left = second_is_here_;
  if (left == 0) return;
  // Somebody has killed the first one, and the second one still uses this memory.
  second = static_cast<pid_t>(left);
  if (gate_ == 0) open_gate(kEnd);
  wait_while(second_is_here_, left);
}

Failure Birth::write_maps() {
  if ((request_.made & CLONE_NEWUSER) == 0) return {};
  char place[32] = "/proc/";
  char* end = std::to_chars(place + 6, place + sizeof place - 1, second).ptr;
  *end = 0;
  const Fd proc(::open(place, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return failed("open");
  if (Failure failure = write_map(proc.get(), "setgroups", "deny")) return failure;
  if (Failure failure = write_map(proc.get(), "uid_map", request_.uid_map)) return failure;
  return write_map(proc.get(), "gid_map", request_.gid_map);
}

Failure Birth::write_map(int proc, const char* file, const std::string& map) {
  const Fd fd(::openat(proc, file, O_WRONLY | O_CLOEXEC));
  if (!fd) return failed("open");
  const bool written = ::write(fd.get(), map.data(), map.size()) == static_cast<ssize_t>(map.size());
  return written ? Failure{} : failed(file);
}

// What `ip netns exec` does: lib/namespace.c of iproute2.
Failure Birth::mount_like_ip_netns() {
  if (::unshare(CLONE_NEWNS) != 0) return failed("unshare");
  if ((request_.made & CLONE_NEWUSER) == 0) left_to_make_ &= ~CLONE_NEWNS;
  if (::mount("none", "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) return failed("mount");
  (void)::umount2("/sys", MNT_DETACH);
  if (::mount("sysfs", "/sys", "sysfs", 0, nullptr) != 0) return failed("mount");
  if (etc_entries.empty()) return {};
  const Fd directory(::open(request_.etc_directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return failed("open");
  for (const std::string& entry : etc_entries) {
    const Fd fd(::openat(directory.get(), entry.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found;
    if (!fd || ::fstat(fd.get(), &found) != 0) return failed("open");
    // A link could lead anywhere.
    if (S_ISLNK(found.st_mode)) return Failure{ELOOP, "open"};
    char from[PATH_MAX];
    std::snprintf(from, sizeof from, "/proc/self/fd/%d", fd.get());
    char over[PATH_MAX];
    std::snprintf(over, sizeof over, "/etc/%s", entry.c_str());
    // What /etc does not have cannot be covered: `ip` goes on too.
    if (::mount(from, over, nullptr, MS_BIND | MS_REC, nullptr) != 0 && errno != ENOENT) return failed("mount");
  }
  return {};
}

// In all its namespaces: what is theirs.
Failure Birth::settle() {
  const bool own_mounts = (request_.made & CLONE_NEWNS) != 0 || request_.etc;
  if ((left_to_make_ & CLONE_NEWNS) != 0 && ::mount("none", "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
    return failed("mount");
  bool other_processes = (request_.made & CLONE_NEWPID) != 0;
  for (const JoinedNamespace& one : request_.joined)
    other_processes = other_processes || one.kind == CLONE_NEWPID;
  if (own_mounts && other_processes && ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return failed("mount");
  const std::string& host = request_.host_name;
  if (!host.empty() && ::sethostname(host.data(), host.size()) != 0) return failed("sethostname");
  const std::string& domain = request_.domain_name;
  if (!domain.empty() && ::setdomainname(domain.data(), domain.size()) != 0) return failed("setdomainname");
  return {};
}

// Descriptors in the order of their numbers, as libuv gives them.
Failure Birth::place_stdio() {
  const int count = static_cast<int>(stdio_.size());
  if (parent_fd && parent_fd.get() < count) {
    parent_number_ = ::fcntl(parent_fd.get(), F_DUPFD_CLOEXEC, count);
    if (parent_number_ < 0) return failed("fcntl");
  }
  // What a lower number is about to overwrite goes out of the way.
  for (int fd = 0; fd < count; ++fd) {
    int& use = stdio_[fd];
    if (use < 0 || use >= fd) continue;
    use = ::fcntl(use, F_DUPFD_CLOEXEC, count);
    if (use < 0) return failed("fcntl");
  }
  for (int fd = 0; fd < count; ++fd) {
    int use = stdio_[fd];
    if (use < 0) {
      ::close(fd);
      if (fd >= 3) continue;
      use = ::open("/dev/null", fd == 0 ? (O_RDONLY | O_CLOEXEC) : (O_RDWR | O_CLOEXEC));
      if (use < 0) return failed("open");
    }
    if (use == fd) {
      if (::fcntl(fd, F_SETFD, 0) != 0) return failed("fcntl");
    } else if (::dup2(use, fd) < 0) {
      return failed("dup2");
    }
    // A program expects these to wait.
    if (fd <= 2 && stdio_[fd] >= 0) (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  }
  (void)::syscall(SYS_close_range, std::max(count, 3), ~0U, kCloseOnExec);
  return {};
}

Failure Birth::change_user() {
  // The C library's own would change the threads of this process, whose memory it is.
  if (request_.uid || request_.gid) (void)::syscall(SYS_setgroups, 0, nullptr);
  if (request_.gid && ::syscall(SYS_setgid, *request_.gid) != 0) return failed("setgid");
  if (request_.uid && ::syscall(SYS_setuid, *request_.uid) != 0) return failed("setuid");
  return {};
}

Failure Birth::follow_parent() {
  if (!request_.dies_with_parent) return {};
  // After the change of user, which would reset it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed("prctl");
  // It may be dead already.
  pollfd ended{parent_number_ < 0 ? parent_fd.get() : parent_number_, POLLIN, 0};
  const pid_t parent = ::getppid();
  if (::poll(&ended, 1, 0) != 0 || (parent != parent_ && parent != 0)) ::_exit(127);
  return {};
}

Failure Birth::execute() {
  int error = ENOENT;
  for (std::string& place : candidates_) {
    ::execve(place.c_str(), arguments_.data(), environment_.data());
    if (errno == ENOEXEC) {
      shell_arguments_[1] = place.data();
      ::execve("/bin/sh", shell_arguments_.data(), environment_.data());
    }
    // As execvp(3): where nothing is one goes on, and a file that may not be executed is told of if there is no other.
    if (errno == EACCES) error = EACCES;
    const bool goes_on = errno == EACCES || errno == ENOENT || errno == ENOTDIR || errno == ESTALE || errno == ENODEV ||
                         errno == ETIMEDOUT;
    if (!goes_on || candidates_.size() == 1) return failed("execve");
  }
  return Failure{error, "execve"};
}

void Birth::become() {
  reset_signals();
  if (request_.detached) ::setsid();
  if (Failure failure = settle()) fail(failure);
  if (Failure failure = place_stdio()) fail(failure);
  if (!request_.directory.empty() && ::chdir(request_.directory.c_str()) != 0) fail(failed("chdir"));
  if (Failure failure = change_user()) fail(failure);
  if (Failure failure = follow_parent()) fail(failure);
  sigset_t none;
  sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  fail(execute());
}

}  // namespace netloom
