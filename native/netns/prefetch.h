// Network namespaces that a thread creates ahead of demand. To create one takes the kernel as long as to make all else
// in a pod. While many are created one after another, the thread keeps a few ready.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "base/cores.h"
#include "base/fd.h"
#include "netlink/socket.h"

namespace netloom {

class NetnsPrefetch {
 public:
  // An anonymous namespace, unused: like one that is created now.
  struct Spare {
    Fd netns;
    NetlinkSocket route;  // NETLINK_ROUTE, in it
  };

  ~NetnsPrefetch() { stop(); }

  // A namespace that is ready, if there is one. To be called for every creation: the thread is started and stopped by
  // how often that is. `home`: the namespace from which new ones inherit settings.
  std::optional<Spare> take(int home);
  // For a caller that got ENOSPC for a new namespace: those that are ready count towards the limit.
  std::optional<Spare> take_last();
  // Whether the kernel may still be freeing namespaces that release() closed.
  bool may_still_be_freeing();
  // Closes the namespaces that are ready; creates none until many are asked for again.
  void release();
  // How many are ready at most.
  void allow(size_t ahead);
  // Ends the thread, and closes the namespaces that are ready.
  void stop();

  static constexpr size_t kMostSpares = 4;

 private:
  using Clock = std::chrono::steady_clock;

  void work();
  bool make(Spare& spare) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Spare> ready_;
  Clock::time_point last_take_;
  std::optional<Clock::time_point> last_release_;
  unsigned takes_in_a_row_ = 0;
  size_t most_ = kMostSpares;
  const bool one_core_ = has_one_core();  // a second thread gains nothing there
  Fd home_;
  pthread_t thread_ = {};
  bool started_ = false;  // and not joined yet
  bool over_ = false;     // the thread returns without taking the lock again
  bool making_ = false;
  bool releasing_ = false;
  bool stopping_ = false;
};

}  // namespace netloom
