// Locks a mutex whose sections are a few instructions: who finds it taken looks again for a while before it sleeps, for
// to be woken takes longer than the section by far.
#pragma once

#include <mutex>

namespace netloom {

// Tells the processor that this is a loop that waits.
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

inline std::unique_lock<std::mutex> lock_briefly(std::mutex& mutex) {
  constexpr int kLooks = 500;
  std::unique_lock lock(mutex, std::try_to_lock);
  for (int look = 0; !lock && look < kLooks; ++look) {
    relax();
    (void)lock.try_lock();
  }
  if (!lock) lock.lock();
  return lock;
}

}  // namespace netloom
