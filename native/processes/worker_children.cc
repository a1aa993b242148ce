#include "processes/worker_children.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <vector>

namespace netloom {
namespace {

// P_PIDFD of linux/wait.h, which older C libraries do not know.
constexpr auto kByPidfd = static_cast<idtype_t>(3);

// The children of all Workers that have ended.
std::mutex orphans_mutex;
std::vector<Fd> orphans;

// By pidfd, which never refers to another process, even if the pid is reused.
bool has_ended(const Fd& pidfd) {
  siginfo_t info = {};
  const int result = ::waitid(kByPidfd, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
  return result != 0 ? errno != EINTR : info.si_pid != 0;
}

}  // namespace

uint64_t WorkerChildren::keep(PreparedLaunch launch) {
  prepared_.emplace(++last_number_, std::move(launch));
  return last_number_;
}

PreparedLaunch WorkerChildren::take(uint64_t number) {
  auto found = prepared_.extract(number);
  return found.empty() ? PreparedLaunch() : std::move(found.mapped());
}

uint64_t WorkerChildren::note(pid_t pid) {
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return 0;
  pidfds_.emplace(++last_number_, std::move(pidfd));
  return last_number_;
}

void WorkerChildren::end() {
  for (auto& [number, launch] : prepared_) {
    launch.theirs.reset();
    if (const pid_t pid = pid_of_launch(launch.ours.get())) (void)note(pid);
  }
  prepared_.clear();
  {
    const std::lock_guard lock(orphans_mutex);
    for (auto& [number, pidfd] : pidfds_)
      orphans.push_back(std::move(pidfd));
  }
  pidfds_.clear();
  reap_orphans();
}

void WorkerChildren::reap_orphans() {
  const std::lock_guard lock(orphans_mutex);
  std::erase_if(orphans, has_ended);
}

}  // namespace netloom
