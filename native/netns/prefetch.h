// Namespaces made ahead. To create one takes the kernel as long as all else that makes a pod, and nothing of what
// follows has to wait for it: while many are created one after another, a thread keeps a few ready.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "base/fd.h"
#include "netlink/socket.h"

namespace netloom {

class Nursery {
 public:
  // Nobody has named it or put anything into it, and it is like one that is created now.
  struct Spare {
    Fd netns;
    NetlinkSocket route;  // NETLINK_ROUTE, in it
  };

  ~Nursery() { stop(); }

  // For somebody who creates a namespace: one that is ready, if there is. Whether the next ones are made ahead depends
  // on how often this is called. `home`: where namespaces are created, for they inherit settings.
  std::optional<Spare> take(int home);
  // For somebody who was refused one (ENOSPC): one that was made ahead may be what there was room for.
  std::optional<Spare> take_last();
  // Whether the kernel may still be freeing what this let go of.
  bool has_let_go();
  // Lets go of what is ready; until many are created again, nothing is made ahead.
  void rest();
  // How many are ready at most.
  void allow(size_t ahead);
  // Ends the thread; what is ready goes.
  void stop();

  static constexpr size_t kAhead = 4;

 private:
  using Clock = std::chrono::steady_clock;

  void work();
  bool make(Spare& spare) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Spare> ready_;
  Clock::time_point last_take_;
  std::optional<Clock::time_point> last_letting_go_;
  unsigned takes_in_a_row_ = 0;
  size_t ahead_ = kAhead;
  Fd home_;
  pthread_t thread_ = {};
  bool started_ = false;  // and not joined yet
  bool over_ = false;     // the thread is about to end
  bool making_ = false;
  bool resting_ = false;
  bool stopping_ = false;
};

}  // namespace netloom
