#include "base/directory_entry.h"

#include <sys/stat.h>

namespace netloom {

Failure DirectoryEntry::open(const std::string& path, DirectoryEntry& entry) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return Failure{EINVAL, "open"};
  if (slash + 1 == path.size()) return Failure{EISDIR, "open"};
  if (!entry.directory_ || path.compare(0, slash + 1, entry.path_) != 0) {
    entry.path_ = path.substr(0, slash + 1);
    entry.directory_ = Fd(::open(entry.path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!entry.directory_) return failed("open");
  }
  entry.name_ = path.substr(slash + 1);
  return {};
}

Fd DirectoryEntry::create(mode_t mode) const {
  return Fd(::openat(directory_.get(), name_.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
}

bool DirectoryEntry::leads_to(int fd) const {
  struct stat there;
  struct stat file;
  if (::fstatat(directory_.get(), name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return ::fstat(fd, &file) == 0 && there.st_dev == file.st_dev && there.st_ino == file.st_ino;
}

Failure DirectoryEntry::unlink() const {
  return ::unlinkat(directory_.get(), name_.c_str(), 0) == 0 ? Failure{} : failed("unlink");
}

std::string path_of_descriptor(int fd) {
  return "/proc/thread-self/fd/" + std::to_string(fd);
}

Fd reopen(int file) {
  return Fd(::open(path_of_descriptor(file).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace netloom
