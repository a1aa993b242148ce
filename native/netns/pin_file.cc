#include "netns/pin_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "netns/names_directory.h"
#include "netns/namespace_file.h"

namespace netloom {
namespace {

constexpr mode_t kOurMode = S_ISVTX;  // iproute2's files have mode 0
constexpr timespec kMoment{0, 1'000'000};
constexpr int64_t kPatienceNs = 2'000'000'000;  // for a file whose maker holds no lock
constexpr int kMostTries = 20;                  // while others make and delete the same name

int64_t now(clockid_t clock) {
  timespec time;
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

bool lock(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

// An empty file with nothing mounted on it: of a name that is being made or deleted, or whose maker was killed.
bool is_unfinished(int file, struct stat& status) {
  return ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0 && !is_namespace(file);
}

// By the owner, too: other users may give their files any mode.
bool is_ours(const struct stat& file) {
  return (file.st_mode & 07777) == kOurMode && file.st_uid == ::geteuid();
}

bool is_removed(int file) {
  struct stat status;
  return ::fstat(file, &status) != 0 || status.st_nlink == 0;
}

// For how long its maker may still be about to mount a namespace on it; never longer than kPatienceNs, even where the
// clock was set back.
int64_t patience_for(const struct stat& file) {
  if (is_ours(file)) return 0;
  const int64_t made = file.st_ctim.tv_sec * 1'000'000'000LL + file.st_ctim.tv_nsec;
  return std::clamp<int64_t>(made + kPatienceNs - now(CLOCK_REALTIME), 0, kPatienceNs);
}

// An empty file in another directory may have another purpose.
bool is_pin_file(const std::string& path, const struct stat& unfinished) {
  return is_ours(unfinished) || in_names_directory(path);
}

// Takes over a file whose maker has ended. Neither a failure nor a file: the file was removed or replaced meanwhile.
Failure take_over(const std::string& path, const DirectoryEntry& entry, Fd& taken, bool& theirs) {
  const Fd there = entry.open_path();
  if (!there) return errno == ENOENT ? Failure{} : failed("open");
  struct stat status;
  if (!is_unfinished(there.get(), status) || !is_pin_file(path, status)) return kNameTaken;
  Fd file = reopen(there.get());
  if (!file) return is_out_of_descriptors(errno) ? failed("open") : kNameTaken;
  if (!lock(file.get())) return kNameTaken;  // its maker is running
  const int64_t end = now(CLOCK_MONOTONIC) + patience_for(status);
  // At least once: while a program deletes a name, nothing is mounted there for a moment, either.
  do {
    ::nanosleep(&kMoment, nullptr);
    if (!entry.leads_to(file.get())) return {};
  } while (now(CLOCK_MONOTONIC) < end);
  // Marks the file as ours.
  if (::fchmod(file.get(), kOurMode) != 0) return kNameTaken;
  taken = std::move(file);
  theirs = !is_ours(status);
  return {};
}

}  // namespace

bool is_pin_file(const std::string& path, int file) {
  struct stat status;
  return is_unfinished(file, status) && is_pin_file(path, status);
}

Failure take_pin_file(const std::string& path, const DirectoryEntry& entry, Fd& taken, bool& theirs) {
  for (int i = 0; i < kMostTries; ++i) {
    Fd file = entry.create(kOurMode);
    if (!file) {
      if (errno != EEXIST) return failed("open");
      if (Failure failure = take_over(path, entry, taken, theirs)) return failure;
      if (taken) return {};
      continue;
    }
    // Another process may be about to take this file over, and hold the lock.
    const bool locked = lock(file.get());
    if (!locked && errno == EWOULDBLOCK) {
      ::nanosleep(&kMoment, nullptr);
      continue;
    }
    // On a file system without locks, the file alone has to do.
    if (!locked || !is_removed(file.get())) {
      taken = std::move(file);
      return {};
    }
  }
  return kNameTaken;
}

Failure remove_pin_file(const DirectoryEntry& entry) {
  const Fd there = entry.open_path();
  if (!there && !is_out_of_descriptors(errno)) return failed("unlink");
  struct stat status;
  if (there && !is_unfinished(there.get(), status)) return Failure{ENOENT, "unlink"};
  // Without the lock where no descriptor is left.
  const Fd file = there ? reopen(there.get()) : Fd();
  // Locked by another process, which is making this name; or replaced by another file.
  if (file && ((!lock(file.get()) && errno == EWOULDBLOCK) || !entry.leads_to(file.get())))
    return Failure{ENOENT, "unlink"};
  return entry.unlink();
}

Failure list_leftovers(const std::string& directory, std::vector<std::string>& found) {
  DIR* opened = ::opendir(directory.c_str());
  if (!opened) return errno == ENOENT ? Failure{} : failed("opendir");
  std::unique_ptr<DIR, int (*)(DIR*)> entries(opened, ::closedir);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (!entry) return errno == 0 ? Failure{} : failed("readdir");
    const Fd file(::openat(::dirfd(entries.get()), entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (file && is_unfinished(file.get(), status) && patience_for(status) == 0) found.emplace_back(entry->d_name);
  }
}

}  // namespace netloom
