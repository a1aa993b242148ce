// Starts threads.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <cerrno>

namespace netloom {

// Blocks all signals while a thread is started: it inherits the mask, and so takes no signal that is sent to the
// process.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// Starts a thread that calls `of.Member()`; false, with errno, if pthread_create(3) fails.
template <auto Member, class Of>
bool start_thread(pthread_t& thread, const char* name, Of& of) {
  const SignalsBlocked blocked;
  const auto run = [](void* object) -> void* {
    (static_cast<Of*>(object)->*Member)();
    return nullptr;
  };
  errno = pthread_create(&thread, nullptr, run, &of);
  if (errno != 0) return false;
  pthread_setname_np(thread, name);
  return true;
}

}  // namespace netloom
