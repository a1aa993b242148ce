#include "netns/names_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"

namespace netloom {
namespace {

// Any process may hold the lock for ever: as iproute2 does, goes on without it in the end.
void lock_for_a_while(int fd) {
  constexpr int kTries = 100;
  constexpr timespec kPause{0, 5'000'000};
  for (int i = 0; i < kTries && ::flock(fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR); ++i) {
    ::nanosleep(&kPause, nullptr);
  }
}

// Without MS_REC, which would visit every namespace mounted in it, perhaps a thousand: the propagation of the
// directory's own mount decides for later mounts in it. This takes two microseconds.
Failure share() {
  return ::mount("", kNamesDirectory, "none", MS_SHARED, nullptr) == 0 ? Failure{} : failed("mount");
}

}  // namespace

bool in_names_directory(const std::string& path) {
  return path.compare(0, path.rfind('/'), kNamesDirectory) == 0;
}

Failure share_names_directory() {
  Failure failure = share();
  if (failure.error == ENOENT) {
    if (::mkdir(kNamesDirectory, 0755) != 0 && errno != EEXIST) return failed("mkdir");
    failure = share();
  }
  if (failure.error != EINVAL) return failure;  // EINVAL: not a mount point yet
  Fd lock(::open(kNamesDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return failed("open");
  lock_for_a_while(lock.get());
  failure = share();
  if (failure.error != EINVAL) return failure;
  if (::mount(kNamesDirectory, kNamesDirectory, "none", MS_BIND | MS_REC, nullptr) != 0) return failed("mount");
  return share();
}

}  // namespace netloom
