// Lets a binary that was linked on a new system load on one with glibc 2.28: every function here is asked for by the
// name and version that old systems have. Compiled in only when netloom_portable is set (binding.gyp), which also makes
// the linker send each call of F, libstdc++.a's own calls too, to the __wrap_F of this file (--wrap=F).
//
// scripts/prebuild/check-glibc.sh tells which names are missing here.
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#if defined(__x86_64__)
#define BASE "GLIBC_2.2.5"
#define SETNAME_VERSION "GLIBC_2.12"
#define JUMP(target) "jmp *" target "@GOTPCREL(%rip)\n"
constexpr int kStatVersion = 1;
#elif defined(__aarch64__)
#define BASE "GLIBC_2.17"
#define SETNAME_VERSION BASE
#define JUMP(target) "b " target "\n"
constexpr int kStatVersion = 0;
#else
#error "netloom_portable knows x64 and arm64"
#endif

// Same function, same arguments, older version: a jump is enough. (These moved from libpthread to libc in glibc 2.32
// and 2.34, and got a new version by it.)
#define USE_VERSION(function, version)                             \
  __asm__(".symver old_" #function ", " #function "@" version      \
          "\n"                                                     \
          ".pushsection .text.__wrap_" #function                   \
          ", \"ax\", %progbits\n"                                  \
          ".globl __wrap_" #function "\n.hidden __wrap_" #function \
          "\n"                                                     \
          ".type __wrap_" #function                                \
          ", %function\n"                                          \
          "__wrap_" #function ":\n" JUMP("old_" #function) ".popsection\n")

USE_VERSION(pthread_create, BASE);
USE_VERSION(pthread_detach, BASE);
USE_VERSION(pthread_join, BASE);
USE_VERSION(pthread_mutex_trylock, BASE);
USE_VERSION(pthread_kill, BASE);
USE_VERSION(pthread_once, BASE);
USE_VERSION(pthread_sigmask, BASE);
USE_VERSION(pthread_setname_np, SETNAME_VERSION);
USE_VERSION(__pthread_key_create, BASE);

#define HIDDEN extern "C" __attribute__((visibility("hidden")))

// glibc 2.33 made functions of the stat family; before, they were inline calls of these.
extern "C" int __fxstat64(int version, int fd, struct stat64* result);
extern "C" int __xstat64(int version, const char* path, struct stat64* result);
extern "C" int __lxstat64(int version, const char* path, struct stat64* result);
extern "C" int __fxstatat64(int version, int directory, const char* path, struct stat64* result, int flags);
HIDDEN int __wrap_fstat64(int fd, struct stat64* result) {
  return __fxstat64(kStatVersion, fd, result);
}
HIDDEN int __wrap_stat64(const char* path, struct stat64* result) {
  return __xstat64(kStatVersion, path, result);
}
HIDDEN int __wrap_lstat64(const char* path, struct stat64* result) {
  return __lxstat64(kStatVersion, path, result);
}
HIDDEN int __wrap_fstatat64(int directory, const char* path, struct stat64* result, int flags) {
  return __fxstatat64(kStatVersion, directory, path, result, flags);
}
HIDDEN int __wrap_fstatat(int directory, const char* path, struct stat* result, int flags) {
  return __fxstatat64(kStatVersion, directory, path, reinterpret_cast<struct stat64*>(result), flags);
}
HIDDEN int __wrap_fstat(int fd, struct stat* result) {
  return __fxstat64(kStatVersion, fd, reinterpret_cast<struct stat64*>(result));
}
HIDDEN int __wrap_stat(const char* path, struct stat* result) {
  return __xstat64(kStatVersion, path, reinterpret_cast<struct stat64*>(result));
}
HIDDEN int __wrap_lstat(const char* path, struct stat* result) {
  return __lxstat64(kStatVersion, path, reinterpret_cast<struct stat64*>(result));
}
static_assert(sizeof(struct stat) == sizeof(struct stat64));

// Since glibc 2.30. std::condition_variable waits for a point of the steady clock with it; libstdc++ did what follows
// before: the same distance from now, on the clock that a condition variable has by default.
HIDDEN int __wrap_pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                         const struct timespec* until) {
  constexpr long kSecond = 1'000'000'000;
  struct timespec now;
  struct timespec deadline;
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += until->tv_sec - now.tv_sec;
  deadline.tv_nsec += until->tv_nsec - now.tv_nsec;
  if (deadline.tv_nsec < 0) {
    deadline.tv_nsec += kSecond;
    deadline.tv_sec -= 1;
  } else if (deadline.tv_nsec >= kSecond) {
    deadline.tv_nsec -= kSecond;
    deadline.tv_sec += 1;
  }
  return pthread_cond_timedwait(condition, mutex, &deadline);
}

// Since glibc 2.32. libstdc++ asks it whether a reference count needs an atomic change; it always does.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
