// Closes descriptors, at once or on execve(2).
#include <fcntl.h>

#include "launcher/entries.h"

namespace netloom::launch {
namespace {

constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC of linux/close_range.h

void meet(int fd, Fate fate) {
  if (fate == Fate::closed) {
    close(fd);
  } else {
    call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  }
}

// For kernels without close_range(2) (before Linux 5.9, with the flag 5.11), or where a seccomp filter denies it.
long close_each(unsigned first, unsigned last, Fate fate) {
  const int directory = open(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY);
  if (directory < 0) return directory;
  const long result = for_each_name(directory, [&](const char* name) {
    unsigned fd = 0;
    for (const char* digit = name; *digit != 0; ++digit)
      fd = fd * 10 + static_cast<unsigned>(*digit - '0');
    if (fd >= first && fd <= last && static_cast<int>(fd) != directory) meet(static_cast<int>(fd), fate);
    return true;
  });
  close(directory);
  return result;
}

}  // namespace

long close_range(unsigned first, unsigned last, Fate fate) {
  const long result = call(SYS_close_range, first, last, fate == Fate::closed ? 0 : kCloseOnExec);
  return result == 0 ? 0 : close_each(first, last, fate);
}

long close_all_but(int keep, int and_keep) {
  const int lower = keep < and_keep ? keep : and_keep;
  const int upper = keep < and_keep ? and_keep : keep;
  unsigned next = 0;
  long result = 0;
  for (const int kept : {lower, upper}) {
    if (kept < 0) continue;
    const auto fd = static_cast<unsigned>(kept);
    if (fd > next && result == 0) result = close_range(next, fd - 1, Fate::closed);
    if (fd >= next) next = fd + 1;
  }
  return result == 0 ? close_range(next, ~0U, Fate::closed) : result;
}

}  // namespace netloom::launch
