#include "nursery.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/resource.h>

#include <utility>

#include "thread_home.h"
#include "thread_start.h"

namespace netloom {
namespace {

// So many creations, one within so short a time of the other, are many. What is ready then waits no longer than that:
// what a namespace inherits from its home may be changed there.
constexpr unsigned kMany = 3;
constexpr auto kSoon = std::chrono::milliseconds(20);
// Where descriptors are scarce, others need them more.
constexpr int kDescriptorsLeft = 64;

}  // namespace

std::optional<Nursery::Spare> Nursery::take(int home) {
  std::unique_lock lock(mutex_);
  const auto now = Clock::now();
  takes_in_a_row_ = now - last_take_ < kSoon ? takes_in_a_row_ + 1 : 1;
  last_take_ = now;
  std::optional<Spare> spare;
  if (!ready_.empty()) {
    spare = std::move(ready_.front());
    ready_.pop_front();
  }
  if (started_ && over_) {
    pthread_join(thread_, nullptr);
    started_ = false;
  }
  if (!started_ && takes_in_a_row_ >= kMany && ahead_ > 0 && !stopping_) {
    home_ = Fd(::fcntl(home, F_DUPFD_CLOEXEC, 3));
    over_ = false;
    started_ = home_ && start_thread<&Nursery::work>(thread_, "netloom-ahead", *this);
  }
  lock.unlock();
  changed_.notify_one();
  return spare;
}

void Nursery::allow(size_t ahead) {
  const std::lock_guard lock(mutex_);
  ahead_ = ahead;
}

bool Nursery::make(Spare& spare) const {
  if (::setns(home_.get(), CLONE_NEWNET) != 0 || ::unshare(CLONE_NEWNET) != 0) return false;
  spare.netns = open_own_netns();
  rlimit descriptors;
  if (!spare.netns || ::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return false;
  if (static_cast<rlim_t>(spare.netns.get() + kDescriptorsLeft) > descriptors.rlim_cur) return false;
  return !NetlinkSocket::open(NETLINK_ROUTE, spare.route);
}

void Nursery::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (ready_.size() >= ahead_) {
      changed_.wait_until(lock, last_take_ + kSoon);
    } else {
      lock.unlock();
      Spare spare;
      const bool made = make(spare);
      lock.lock();
      if (!made) break;
      ready_.push_back(std::move(spare));
    }
    if (Clock::now() - last_take_ >= kSoon) break;
  }
  takes_in_a_row_ = 0;
  over_ = true;
  // The kernel takes a while to see that nobody holds them.
  std::deque<Spare> unwanted = std::exchange(ready_, {});
  home_.reset();
  lock.unlock();
}

void Nursery::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (started_) pthread_join(thread_, nullptr);
  started_ = false;
  ready_.clear();
}

}  // namespace netloom
