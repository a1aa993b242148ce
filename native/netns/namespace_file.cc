#include "netns/namespace_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/directory_entry.h"
#include "netns/pin_file.h"

namespace netloom {

Failure identify(int fd, Identity& identity) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return failed("fstat");
  identity = Identity{status.st_dev, status.st_ino};
  return {};
}

bool is_namespace(int fd) {
  struct statfs filesystem;
  return ::fstatfs(fd, &filesystem) == 0 && filesystem.f_type == NSFS_MAGIC;
}

Failure tell_kind(int fd, int& wanted) {
  if (!is_namespace(fd)) return Failure{EINVAL, "fstatfs"};
  const int kind = ::ioctl(fd, NS_GET_NSTYPE);
  if (kind < 0) return failed("ioctl");
  if (wanted == 0) wanted = kind;
  return kind == wanted ? Failure{} : Failure{EINVAL, "ioctl"};
}

Failure open_namespace_file(const std::string& path, Fd& fd) {
  const Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) return failed("open");
  if (!is_namespace(place.get())) return Failure{is_pin_file(path, place.get()) ? ENOENT : EINVAL, "fstatfs"};
  fd = reopen(place.get());
  return fd ? Failure{} : failed("open");
}

}  // namespace netloom
