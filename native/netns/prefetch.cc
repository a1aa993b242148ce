#include "netns/prefetch.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/resource.h>

#include <utility>

#include "base/cores.h"
#include "base/thread_start.h"
#include "netns/netns_opener.h"
#include "netns/thread_home.h"

namespace netloom {
namespace {

// This many creations, each within kSoon of the one before, start the thread. A namespace that is ready is kept no
// longer than kSoon: the settings that it has inherited from its home may change.
constexpr unsigned kMany = 8;
// With so many left the thread is woken.
constexpr size_t kFew = 1;
constexpr auto kSoon = std::chrono::milliseconds(20);
// The kernel frees closed namespaces within this time, unless it has many others to free.
constexpr auto kFreeing = std::chrono::milliseconds(500);
// Prefetches nothing where fewer descriptors are left.
constexpr int kDescriptorsLeft = 64;

}  // namespace

std::optional<NetnsPrefetch::Spare> NetnsPrefetch::take(int home) {
  std::deque<Spare> stale;  // closed without the lock
  std::optional<Spare> spare;
  std::unique_lock lock(mutex_);
  const auto now = Clock::now();
  const bool soon = now - last_take_ < kSoon;
  takes_in_a_row_ = soon ? takes_in_a_row_ + 1 : 1;
  last_take_ = now;
  if (!soon && !ready_.empty()) {
    last_release_ = now;
    ready_.swap(stale);
  }
  if (!ready_.empty()) {
    spare = std::move(ready_.front());
    ready_.pop_front();
  }
  if (started_ && over_) {
    pthread_join(thread_, nullptr);
    started_ = false;
  }
  if (!started_ && takes_in_a_row_ >= kMany && most_ > 0 && !stopping_ && !one_core_) {
    home_ = Fd(::fcntl(home, F_DUPFD_CLOEXEC, 3));
    over_ = false;
    started_ = home_ && start_thread<&NetnsPrefetch::work>(thread_, "netloom-netns", *this);
    if (!started_) home_.reset();
  }
  // The thread is woken once for several: to wake a core costs the one who does it.
  const bool few = ready_.size() <= kFew;
  lock.unlock();
  if (few) changed_.notify_all();
  return spare;
}

std::optional<NetnsPrefetch::Spare> NetnsPrefetch::take_last() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || !making_; });
  if (ready_.empty()) return std::nullopt;
  std::optional<Spare> spare = std::move(ready_.front());
  ready_.pop_front();
  return spare;
}

bool NetnsPrefetch::may_still_be_freeing() {
  const std::lock_guard lock(mutex_);
  return last_release_ && Clock::now() - *last_release_ < kFreeing;
}

void NetnsPrefetch::release() {
  std::unique_lock lock(mutex_);
  takes_in_a_row_ = 0;
  if (!started_ || over_) return;
  releasing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !releasing_; });
}

void NetnsPrefetch::allow(size_t ahead) {
  const std::lock_guard lock(mutex_);
  most_ = ahead;
}

bool NetnsPrefetch::make(Spare& spare) const {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  spare.netns = open_own_netns();
  rlimit descriptors;
  const bool made = spare.netns && ::getrlimit(RLIMIT_NOFILE, &descriptors) == 0 &&
                    static_cast<rlim_t>(spare.netns.get() + kDescriptorsLeft) < descriptors.rlim_cur &&
                    !NetnsOpener().netlink_socket(NETLINK_ROUTE, spare.route);
  // A thread in a namespace keeps it alive.
  return ::setns(home_.get(), CLONE_NEWNET) == 0 && made;
}

void NetnsPrefetch::work() {
  // The lane's thread, which started this one, may be bound to one core.
  cpu_set_t cores;
  if (cores_of_process(cores)) (void)::sched_setaffinity(0, sizeof cores, &cores);
  // The lane's thread may have started this one from another namespace, and a new namespace inherits settings from the
  // one where it is created.
  const bool at_home = ::setns(home_.get(), CLONE_NEWNET) == 0;
  std::unique_lock lock(mutex_);
  // Where the kernel refuses another one, those that are ready are kept.
  for (bool full = false; at_home && !stopping_ && !releasing_ && Clock::now() - last_take_ < kSoon;) {
    if (full || ready_.size() >= most_) {
      changed_.wait_until(lock, last_take_ + kSoon);
      continue;
    }
    making_ = true;
    lock.unlock();
    std::optional<Spare> spare(std::in_place);
    full = !make(*spare);
    lock.lock();
    making_ = false;
    if (!full) ready_.push_back(std::move(*spare));
    changed_.notify_all();
  }
  takes_in_a_row_ = 0;
  if (!ready_.empty()) last_release_ = Clock::now();
  ready_.clear();
  home_.reset();
  over_ = true;
  releasing_ = false;
  changed_.notify_all();
}

void NetnsPrefetch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (started_) pthread_join(thread_, nullptr);
  started_ = false;
  ready_.clear();
}

}  // namespace netloom
