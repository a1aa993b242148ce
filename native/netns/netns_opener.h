// Opens files and sockets of a network namespace. All else, such as bind(2), works from any namespace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "netlink/socket.h"

namespace netloom {

class ThreadHome;
class UserNamespace;

class NetnsOpener {
 public:
  // The calling thread is in the namespace.
  NetnsOpener() = default;
  // No thread of this process may enter the namespace; the helper of its user namespace may.
  NetnsOpener(ThreadHome& thread, UserNamespace& user, int netns) : thread_(&thread), user_(&user), netns_(netns) {}

  Failure socket(int family, int type, int protocol, Fd& opened) const;
  Failure netlink_socket(int protocol, NetlinkSocket& opened) const;
  // As openat2(2); with AT_FDCWD the path must be absolute.
  Failure open(int directory, const std::string& path, int flags, uint64_t resolve, Fd& opened) const;
  // The names in a directory, but "." and "..".
  Failure list(int directory, const std::string& path, uint64_t resolve, std::vector<std::string>& names) const;
  // The root of a sysfs that shows the devices of the namespace. It is not attached to any mount point, and the kernel
  // frees it when its last file is closed.
  Failure sysfs(Fd& root) const;
  // An ioctl(2) with a number that the kernel reads in the caller's namespaces, such as a uid.
  Failure control(int fd, unsigned long request, unsigned long value, const char* call) const;

 private:
  ThreadHome* thread_ = nullptr;
  UserNamespace* user_ = nullptr;
  int netns_ = -1;
};

}  // namespace netloom
