// Hands one job from JavaScript's thread to a lane's thread that polls for one, without a lock. A cache line takes 200
// to 400 ns from one core to another, and a query that waits for a dozen of them takes twice as long as in the kernel.
#pragma once

#include <atomic>
#include <cstddef>

namespace netloom {

class Job;

// Prefetches memory that another core has written and this one is about to read: without it, the core would wait for
// one cache line after another.
inline void expect_from_other_core(const void* begin, size_t size) {
  for (size_t at = 0; at < size; at += 64)
    __builtin_prefetch(static_cast<const char*>(begin) + at);
}

class alignas(64) Handover {
 public:
  // On JavaScript's thread. False if the lane's thread does not poll: then the job was not handed over.
  bool offer(Job* job) {
    offered_.store(job);
    return polling_.load() || offered_.exchange(nullptr) == nullptr;
  }

  // On the lane's thread, which polls from start_polling() until a stop_polling() that takes nothing.
  void start_polling() { polling_.store(true); }
  bool has_offer() const { return offered_.load(std::memory_order_acquire) != nullptr; }
  Job* take() { return offered_.exchange(nullptr); }
  Job* stop_polling() {
    polling_.store(false);
    return offered_.load() == nullptr ? nullptr : take();
  }

 private:
  std::atomic<Job*> offered_ = nullptr;
  std::atomic<bool> polling_ = false;
};

}  // namespace netloom
