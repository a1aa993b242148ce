// Opens what belongs to a network namespace. Everything else, such as to bind a socket, can be done from anywhere.
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
  // No thread of this process may be there; the helper of its user namespace is.
  NetnsOpener(ThreadHome& thread, UserNamespace& user, int netns) : thread_(&thread), user_(&user), netns_(netns) {}

  Failure socket(int family, int type, int protocol, Fd& opened) const;
  Failure netlink_socket(int protocol, NetlinkSocket& opened) const;
  // As openat2(2), where AT_FDCWD is for paths from the root.
  Failure open(int directory, const std::string& path, int flags, uint64_t resolve, Fd& opened) const;
  // The names in a directory, but "." and "..".
  Failure list(int directory, const std::string& path, uint64_t resolve, std::vector<std::string>& names) const;
  // The root of a sysfs that shows the devices of the namespace. It is mounted nowhere, and the kernel frees it when
  // no file in it is open any more.
  Failure sysfs(Fd& root) const;
  // An ioctl with a number that means what it means to who is inside, such as a user's.
  Failure control(int fd, unsigned long request, unsigned long value, const char* call) const;

 private:
  ThreadHome* thread_ = nullptr;
  UserNamespace* user_ = nullptr;
  int netns_ = -1;
};

}  // namespace netloom
