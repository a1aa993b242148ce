#include "netlink/open_sockets.h"

#include <algorithm>

namespace netloom {

void OpenSockets::allow(size_t most) {
  const std::lock_guard lock(mutex_);
  most_ = most;
  close_beyond(most, nullptr);
}

void OpenSockets::add(const std::shared_ptr<KeptSocket>& opened) {
  const std::lock_guard lock(mutex_);
  if (opened->listed) return;  // it failed, was closed, and is open again
  // Several at a time, so that not each one that opens has to look for one to close.
  if (open_.size() >= most_) close_beyond(most_ - 1 - most_ / 8, opened.get());
  opened->listed = true;
  open_.push_back(opened);
}

bool OpenSockets::close_idle(const KeptSocket* own) {
  const std::lock_guard lock(mutex_);
  return close_beyond(0, own) > 0;
}

size_t OpenSockets::close_beyond(size_t most, const KeptSocket* own) {
  struct Candidate {
    std::shared_ptr<KeptSocket> kept;
    uint64_t last_use;
  };
  std::vector<Candidate> found;
  for (const std::weak_ptr<KeptSocket>& one : open_) {
    std::shared_ptr<KeptSocket> kept = one.lock();
    if (!kept) continue;
    const uint64_t last_use = kept->last_use.load(std::memory_order_relaxed);
    found.push_back({std::move(kept), last_use});
  }
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.last_use < b.last_use; });
  open_.clear();
  size_t left = found.size();
  size_t closed = 0;
  for (const auto& [kept, last_use] : found) {
    if (left > most && kept.get() != own) {
      // Its user may be about to lock the list, so waiting for the socket could deadlock.
      const std::unique_lock lock(kept->in_use, std::try_to_lock);
      if (lock) {
        if (kept->socket.is_open()) ++closed;
        kept->socket = NetlinkSocket();
        kept->listed = false;
        --left;
        continue;
      }
    }
    open_.push_back(kept);
  }
  return closed;
}

}  // namespace netloom
