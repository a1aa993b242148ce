#include "pin.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

// Between the file and the mount is a moment, and a process that is killed in it leaves the file. Whether somebody is
// in that moment has to be known, so that the file of nobody does not block its name for ever, and nobody's name is
// taken from him. We hold a lock on the file all the while, which goes with the process; and mark the file as one of
// ours by its mode. Others hold none: iproute2 makes the file, then the namespace, then the mount, which takes some
// milliseconds, so an old file is nobody's. Where it takes longer, the kernel's rtnl lock is what holds it up; as ours
// has to wait for that as well, and came later, we look again once we have had our turn. Whoever gets the lock, and
// sees that the path still leads to this very file, has the name.

namespace netloom {
namespace {

constexpr const char* kNamedDirectory = "/run/netns";
constexpr mode_t kOurMode = S_ISVTX;  // iproute2's files have no bit at all
constexpr timespec kMoment{0, 1'000'000};
constexpr int64_t kPatienceNs = 2'000'000'000;  // for one whose maker holds no lock
constexpr timespec kTurn{0, 20'000'000};        // to mount, for one that had the kernel's lock before us
constexpr int kMostTries = 20;                  // while others make and delete the same name
constexpr Failure kTaken{EEXIST, "open"};

int64_t now(clockid_t clock) {
  timespec time;
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

bool in_named_directory(const std::string& path) {
  return path.compare(0, path.rfind('/'), kNamedDirectory) == 0;
}

// Anybody may hold the lock for as long as he likes, and as in iproute2 no lock is no reason to stop.
void lock_for_a_while(int fd) {
  constexpr int kTries = 100;
  constexpr timespec kPause{0, 5'000'000};
  for (int i = 0; i < kTries && ::flock(fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR); ++i) {
    ::nanosleep(&kPause, nullptr);
  }
}

// The number of the mount that a path leads to, or 0: statx(2), which not every C library has in its headers whole.
uint64_t mount_of(const std::string& path) {
  constexpr unsigned kMountId = 0x1000;  // STATX_MNT_ID, since Linux 5.8
  struct {
    uint32_t mask;
    uint8_t others[140];
    uint64_t mount;  // stx_mnt_id
    uint8_t more[104];
  } found{};
  static_assert(sizeof found == 256);
  if (::syscall(SYS_statx, AT_FDCWD, path.c_str(), 0, kMountId, &found) != 0) return 0;
  return found.mask & kMountId ? found.mount : 0;
}

// The directory that holds pins, and the mount point that makes them visible in other mount namespaces: the steps of
// iproute2, under the same lock, so that both may run at once.
Failure share_directory(const std::string& directory, uint64_t& shared) {
  const auto share = [&] { return ::mount("", directory.c_str(), "none", MS_SHARED | MS_REC, nullptr) == 0; };
  // To share it walks all that is mounted below, which are the namespaces: once for each mount is enough.
  if (const uint64_t mount = mount_of(directory); mount != 0 && mount == shared) return {};
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return failed("mkdir");
  if (!share()) {
    if (errno != EINVAL) return failed("mount");  // EINVAL: it is no mount point yet
    Fd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock) return failed("open");
    lock_for_a_while(lock.get());
    if (!share()) {
      if (errno != EINVAL) return failed("mount");
      if (::mount(directory.c_str(), directory.c_str(), "none", MS_BIND | MS_REC, nullptr) != 0) return failed("mount");
      if (!share()) return failed("mount");
    }
  }
  shared = mount_of(directory);
  return {};
}

bool lock(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

// Whether the path leads to this file: not to another one, nor to what is mounted there.
bool leads_to(const std::string& path, int fd) {
  struct stat there;
  struct stat file;
  if (::lstat(path.c_str(), &there) != 0 || ::fstat(fd, &file) != 0) return false;
  return there.st_dev == file.st_dev && there.st_ino == file.st_ino;
}

// An empty file with nothing mounted on it: what there is of a name that is being made, or was.
bool is_unfinished(int place, struct stat& status) {
  struct statfs filesystem;
  if (::fstat(place, &status) != 0 || ::fstatfs(place, &filesystem) != 0) return false;
  return S_ISREG(status.st_mode) && status.st_size == 0 && filesystem.f_type != NSFS_MAGIC;
}

bool is_ours(const struct stat& file) {
  return (file.st_mode & 07777) == kOurMode;
}

// How long its maker may still be about to mount something on it. A clock that was set back does not matter.
int64_t patience_for(const struct stat& file) {
  if (is_ours(file)) return 0;
  const int64_t made = file.st_ctim.tv_sec * 1'000'000'000LL + file.st_ctim.tv_nsec;
  return std::clamp<int64_t>(made + kPatienceNs - now(CLOCK_REALTIME), 0, kPatienceNs);
}

// Takes over a file that somebody left. No failure and no file: what was there is gone, or is another thing now.
Failure take_over(const std::string& path, Fd& taken, bool& theirs) {
  Fd place(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!place) return errno == ENOENT ? Failure{} : failed("open");
  struct stat status;
  if (!is_unfinished(place.get(), status)) return kTaken;
  // An empty file elsewhere may be somebody's.
  if (!is_ours(status) && !in_named_directory(path)) return kTaken;
  Fd file(::open(("/proc/self/fd/" + std::to_string(place.get())).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno == EMFILE || errno == ENFILE ? failed("open") : kTaken;
  if (!lock(file.get())) return kTaken;  // its maker lives
  const int64_t end = now(CLOCK_MONOTONIC) + patience_for(status);
  // At least once: who deletes a name has nothing mounted there either, for a moment.
  do {
    ::nanosleep(&kMoment, nullptr);
    if (!leads_to(path, file.get())) return {};
  } while (now(CLOCK_MONOTONIC) < end);
  // From now on it is one of ours.
  if (::fchmod(file.get(), kOurMode) != 0) return kTaken;
  taken = std::move(file);
  theirs = !is_ours(status);
  return {};
}

// Makes the file, or takes it over.
Failure take(const std::string& path, Fd& taken, bool& theirs) {
  for (int i = 0; i < kMostTries; ++i) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOurMode));
    if (!file) {
      if (errno != EEXIST) return failed("open");
      if (Failure failure = take_over(path, taken, theirs)) return failure;
      if (taken) return {};
      continue;
    }
    // Somebody may already have taken this one over, or look whether he can.
    const bool locked = lock(file.get());
    if (!locked && errno == EWOULDBLOCK) {
      ::nanosleep(&kMoment, nullptr);
      continue;
    }
    // A file system without locks has no more than the file.
    if (!locked || leads_to(path, file.get())) {
      taken = std::move(file);
      return {};
    }
  }
  return kTaken;
}

bool is_mounted(int place) {
  struct statfs filesystem;
  return ::fstatfs(place, &filesystem) == 0 && filesystem.f_type == NSFS_MAGIC;
}

// Removes the file of a name that is no mount (any more), unless somebody has taken it over.
Failure remove_file(const std::string& path, bool unmounted) {
  Fd place(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  // Somebody has mounted something meanwhile. He may unmount it any moment, and the file be another one's by then.
  if (place && is_mounted(place.get())) return unmounted ? Failure{} : Failure{EBUSY, "unlink"};
  // Of anything else, such as a symbolic link, or if there is no descriptor: as it is.
  if (place && is_unfinished(place.get(), status)) {
    Fd file(::open(("/proc/self/fd/" + std::to_string(place.get())).c_str(), O_RDONLY | O_CLOEXEC));
    // A name that is being made is none yet; and one that we have unmounted is somebody else's by now.
    const bool others = file && ((!lock(file.get()) && errno == EWOULDBLOCK) || !leads_to(path, file.get()));
    if (others) return unmounted ? Failure{} : Failure{ENOENT, "unlink"};
    return ::unlink(path.c_str()) == 0 ? Failure{} : failed("unlink");
  }
  if (::unlink(path.c_str()) == 0) return {};
  return unmounted && (errno == EBUSY || errno == ENOENT) ? Failure{} : failed("unlink");
}

}  // namespace

Failure identify(int fd, Identity& identity) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return failed("fstat");
  identity = Identity{status.st_dev, status.st_ino};
  return {};
}

Pin& Pin::operator=(Pin&& other) noexcept {
  if (this != &other) {
    undo();
    path_ = std::exchange(other.path_, {});
    file_ = std::move(other.file_);
    theirs_ = other.theirs_;
    pinned_ = std::exchange(other.pinned_, {});
  }
  return *this;
}

void Pin::undo() {
  if (path_.empty()) return;
  if (pinned_) {
    (void)remove(path_, &*pinned_);
  } else if (leads_to(path_, file_.get())) {
    (void)::unlink(path_.c_str());
  }
}

Failure Pin::prepare(const std::string& path, uint64_t& shared, Pin& pin) {
  if (in_named_directory(path)) {
    if (Failure failure = share_directory(kNamedDirectory, shared)) return failure;
  }
  Fd file;
  bool theirs = false;
  if (Failure failure = take(path, file, theirs)) return failure;
  pin = Pin(path, std::move(file), theirs);
  return {};
}

Failure Pin::mount(int netns) {
  Identity identity;
  if (Failure failure = identify(netns, identity)) return failure;
  if (theirs_) {
    ::nanosleep(&kTurn, nullptr);
    if (!leads_to(path_, file_.get())) return kTaken;
  }
  const std::string source = "/proc/thread-self/fd/" + std::to_string(netns);
  if (::mount(source.c_str(), path_.c_str(), "none", MS_BIND, nullptr) != 0) return failed("mount");
  pinned_ = identity;
  file_.reset();
  return {};
}

Failure Pin::remove(const std::string& path, const Identity* expected) {
  for (int tries = kMostTries;; --tries) {
    if (expected) {
      // Through a symbolic link, which then goes in place of the pin. Without a descriptor: there may be none left.
      struct stat found;
      if (::stat(path.c_str(), &found) != 0) return failed("stat");
      if (Identity{found.st_dev, found.st_ino} != *expected) return Failure{ESTALE, "umount2"};
    }
    const bool unmounted = ::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
    if (!unmounted && errno != EINVAL) return failed("umount2");
    const Failure failure = remove_file(path, unmounted);
    // Where nothing was mounted before, somebody has mounted something meanwhile.
    if (failure.error != EBUSY || unmounted || tries == 0) return failure;
  }
}

Failure list_leftovers(const std::string& directory, std::vector<std::string>& found) {
  DIR* opened = ::opendir(directory.c_str());
  if (!opened) return errno == ENOENT ? Failure{} : failed("opendir");
  std::unique_ptr<DIR, int (*)(DIR*)> entries(opened, ::closedir);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (!entry) return errno == 0 ? Failure{} : failed("readdir");
    Fd place(::openat(::dirfd(entries.get()), entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (place && is_unfinished(place.get(), status) && patience_for(status) == 0) found.emplace_back(entry->d_name);
  }
}

}  // namespace netloom
