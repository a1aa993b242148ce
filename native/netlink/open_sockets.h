// The netlink sockets of an environment's namespaces that stay open for the next call: a handle costs one descriptor,
// and only so many handles cost a second one.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/failure.h"
#include "netlink/socket.h"

namespace netloom {

// A namespace's socket of one protocol; opened again when it is needed after it was closed.
struct KeptSocket {
  std::mutex in_use;  // guards `socket`
  NetlinkSocket socket;
  std::atomic<uint64_t> last_use = 0;
  bool listed = false;  // guarded by OpenSockets
};

// To be used from any thread.
class OpenSockets {
 public:
  static constexpr size_t kMost = 64;

  // How many stay open at most, 1 or more, besides those that threads are using just now.
  void allow(size_t most);
  // A number for a use that begins now; those of earlier uses are lower.
  uint64_t next_use() { return uses_.fetch_add(1, std::memory_order_relaxed) + 1; }
  // Notes one that the caller has just opened, and is using. Where there are too many, those used longest ago close.
  void add(const std::shared_ptr<KeptSocket>& opened);
  // Closes all that are not in use, but for the caller's own; whether there were any.
  bool close_idle(const KeptSocket* own = nullptr);

  // Runs `call`, which gives a Failure. If it fails for want of a descriptor, idle sockets close and it is run again.
  template <class Call>
  Failure with_room(Call call, const KeptSocket* own = nullptr) {
    Failure failure = call();
    if (is_out_of_descriptors(failure.error) && close_idle(own)) failure = call();
    return failure;
  }

 private:
  // Closes the ones used longest ago until no more than `most` are left; how many it closed.
  size_t close_beyond(size_t most, const KeptSocket* own);

  std::mutex mutex_;
  std::vector<std::weak_ptr<KeptSocket>> open_;  // a namespace that goes takes its own with it
  size_t most_ = kMost;
  std::atomic<uint64_t> uses_ = 0;
};

}  // namespace netloom
