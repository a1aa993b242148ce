// Locks a mutex whose critical sections are a few instructions: where another thread holds it, this one spins for a
// while before it sleeps, because to wake a thread takes far longer than the section.
#pragma once

#include <mutex>

namespace netloom {

// Hints to the processor that this is a spin-wait loop.
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

inline std::unique_lock<std::mutex> lock_briefly(std::mutex& mutex) {
  constexpr int kTries = 500;
  std::unique_lock lock(mutex, std::try_to_lock);
  for (int tries = 0; !lock && tries < kTries; ++tries) {
    relax();
    (void)lock.try_lock();
  }
  if (!lock) lock.lock();
  return lock;
}

}  // namespace netloom
