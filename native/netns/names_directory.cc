#include "netns/names_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"

namespace netloom {
namespace {

// Anybody may hold the lock for as long as he likes, and as in iproute2 no lock is no reason to stop.
void lock_for_a_while(int fd) {
  constexpr int kTries = 100;
  constexpr timespec kPause{0, 5'000'000};
  for (int i = 0; i < kTries && ::flock(fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR); ++i) {
    ::nanosleep(&kPause, nullptr);
  }
}

// Without MS_REC, for what is mounted in it are the namespaces, a thousand perhaps: the mount point alone decides
// whether what is mounted next is seen elsewhere. That takes two microseconds.
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
  if (failure.error != EINVAL) return failure;  // EINVAL: it is no mount point yet
  Fd lock(::open(kNamesDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return failed("open");
  lock_for_a_while(lock.get());
  failure = share();
  if (failure.error != EINVAL) return failure;
  if (::mount(kNamesDirectory, kNamesDirectory, "none", MS_BIND | MS_REC, nullptr) != 0) return failed("mount");
  return share();
}

}  // namespace netloom
