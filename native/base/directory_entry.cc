#include "base/directory_entry.h"

#include <sys/stat.h>

namespace netloom {

Failure DirectoryEntry::open(const std::string& path, DirectoryEntry& entry) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return Failure{EINVAL, "open"};
  if (slash + 1 == path.size()) return Failure{EISDIR, "open"};
  if (!entry.directory_ || path.compare(0, slash + 1, entry.directory_->path) != 0) {
    std::string directory = path.substr(0, slash + 1);
    Fd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return failed("open");
    entry.directory_ = std::make_shared<const Directory>(Directory{std::move(directory), std::move(fd)});
  }
  entry.name_ = path.substr(slash + 1);
  return {};
}

Fd DirectoryEntry::create(mode_t mode) const {
  return Fd(::openat(directory(), name_.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
}

bool DirectoryEntry::leads_to(int fd) const {
  struct stat there;
  struct stat file;
  if (::fstatat(directory(), name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return ::fstat(fd, &file) == 0 && there.st_dev == file.st_dev && there.st_ino == file.st_ino;
}

Failure DirectoryEntry::unlink() const {
  return ::unlinkat(directory(), name_.c_str(), 0) == 0 ? Failure{} : failed("unlink");
}

bool leads_to(const std::string& path, const Identity& identity) {
  struct stat there;
  return ::lstat(path.c_str(), &there) == 0 && Identity{there.st_dev, there.st_ino} == identity;
}

std::string path_of_descriptor(int fd) {
  return "/proc/thread-self/fd/" + std::to_string(fd);
}

Fd reopen(int file) {
  return Fd(::open(path_of_descriptor(file).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace netloom
