#include "processes/process_jobs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "netlink/open_sockets.h"
#include "node/values.h"

namespace netloom {
namespace {

// Who starts others faster than they are found is looked for so often.
constexpr int kRounds = 64;

// False also for what may not be looked at, or has ended.
bool is_in(int proc, pid_t pid, const Identity& netns) {
  const std::string path = std::to_string(pid) + "/ns/net";
  struct stat found;
  return ::fstatat(proc, path.c_str(), &found, 0) == 0 && Identity{found.st_dev, found.st_ino} == netns;
}

Failure list(const Identity& netns, std::vector<pid_t>& found) {
  found.clear();
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return failed("opendir");
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(proc.get());
    if (!entry) return errno == 0 ? Failure{} : failed("readdir");
    pid_t pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    const auto [rest, error] = std::from_chars(entry->d_name, end, pid);
    if (error == std::errc() && rest == end && is_in(::dirfd(proc.get()), pid, netns)) found.push_back(pid);
  }
}

// Whether it got the signal; a number that stands for another process by now is left alone.
Failure signal_in(const Identity& netns, pid_t pid, int signal, bool& sent) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return is_out_of_descriptors(errno) ? failed("pidfd_open") : Failure{};
  const Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return failed("open");
  if (!is_in(proc.get(), pid, netns)) return {};
  sent = ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
  return sent || errno == ESRCH ? Failure{} : failed("pidfd_send_signal");
}

napi_value numbers(const Delivery& to, const std::vector<pid_t>& pids) {
  ArrayValue result(to.env);
  for (const pid_t pid : pids)
    result.push(static_cast<double>(pid));
  return result;
}

}  // namespace

void ListProcesses::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&] { return list(netns_->identity(), found_); });
}

napi_value ListProcesses::deliver(const Delivery& to) {
  return failure ? nullptr : numbers(to, found_);
}

void SignalProcesses::run(ThreadHome& thread) {
  const Identity& netns = netns_->identity();
  std::set<pid_t> seen;
  Failure first;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<pid_t> found;
    if ((failure = thread.sockets().with_room([&] { return list(netns, found); }))) return;
    bool more = false;
    for (const pid_t pid : found) {
      if (pid != ::getpid()) continue;
      failure = Failure{EBUSY, nullptr};
      return;
    }
    for (const pid_t pid : found) {
      if (!seen.insert(pid).second) continue;
      more = true;
      bool sent = false;
      const Failure why = thread.sockets().with_room([&] { return signal_in(netns, pid, signal_, sent); });
      if (sent) signaled_.push_back(pid);
      if (why && !first) first = why;
    }
    if (!more) break;
  }
  failure = first;
}

napi_value SignalProcesses::deliver(const Delivery& to) {
  return failure ? nullptr : numbers(to, signaled_);
}

}  // namespace netloom
