// The launcher's system calls. It is linked without a C library: so it starts in a tenth of a millisecond, and runs
// with every libc. A call returns its result, or -errno.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#if !NETLOOM_FREESTANDING
#include <unistd.h>
#endif

namespace netloom::launch {

#if !NETLOOM_FREESTANDING
inline long call_kernel(long number, long a, long b, long c, long d, long e, long f) {
  const long result = ::syscall(number, a, b, c, d, e, f);
  return result == -1 ? -errno : result;
}
#elif defined(__x86_64__)
inline long call_kernel(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long call_kernel(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#endif

inline long word(const void* value) {
  return reinterpret_cast<long>(value);
}
template <class Value>
requires std::is_integral_v<Value> || std::is_enum_v<Value>
long word(Value value) {
  return static_cast<long>(value);
}

template <class... Values>
long call(long number, Values... values) {
  const long words[6] = {word(values)...};
  return call_kernel(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

inline int open(int directory, const char* path, int flags) {
  return static_cast<int>(call(SYS_openat, directory, path, flags | O_CLOEXEC, 0));
}
inline void close(int fd) {
  call(SYS_close, fd);
}
inline long read(int fd, void* to, size_t size) {
  return call(SYS_read, fd, to, size);
}
inline long write(int fd, const void* from, size_t size) {
  return call(SYS_write, fd, from, size);
}
[[noreturn]] inline void exit(int code) {
  call(SYS_exit_group, code);
  call(SYS_exit, code);
  // A seccomp filter denies both.
  __builtin_trap();
}
// fork(2), with `flags` of clone(2), but never CLONE_VM; with CLONE_PARENT_SETTID the kernel writes the child's pid to
// `number`.
inline int fork(unsigned long flags = 0, int32_t* number = nullptr) {
  return static_cast<int>(call(SYS_clone, flags | SIGCHLD, nullptr, number, nullptr, nullptr));
}
inline int wait(int pid, int* status, int options) {
  return static_cast<int>(call(SYS_wait4, pid, status, options, nullptr));
}
inline void reap(int pid) {
  while (wait(pid, nullptr, 0) == -EINTR) {
  }
}
inline long prctl(int option, unsigned long a = 0, unsigned long b = 0, unsigned long c = 0, unsigned long d = 0) {
  return call(SYS_prctl, option, a, b, c, d);
}
inline int mount(const char* source, const char* target, const char* type, unsigned long flags, const char* data) {
  return static_cast<int>(call(SYS_mount, source, target, type, flags, data));
}
// Whether a descriptor is closed now or on execve(2).
enum class Fate { closed, closed_on_exec };
// For all open descriptors of a range. Returns 0 or -errno.
long close_range(unsigned first, unsigned last, Fate fate);
// Closes all descriptors but two, which may be the same, or -1 for none. Returns 0 or -errno.
long close_all_but(int keep, int and_keep);

size_t length_of(const char* text);
bool is_equal(const char* a, const char* b);
// Writes a number with a NUL behind it. Returns the address of the NUL.
char* print(char* to, long number);
// Writes a text with a NUL behind it. Returns the address of the NUL.
char* append(char* to, const char* text);

}  // namespace netloom::launch
