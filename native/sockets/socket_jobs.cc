#include "sockets/socket_jobs.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "node/values.h"
#include "sockets/inet_address.h"

namespace netloom {

void OpenSocket::run(ThreadHome& thread) {
  failure = thread.sockets().with_room(
      [&] { return netns_->inside(thread, [&](const NetnsOpener& opener) { return open(thread, opener); }); });
}

Failure OpenSocket::open(const ThreadHome& thread, const NetnsOpener& opener) {
  Fd fd;
  if (Failure failure = opener.socket(options_.family, options_.type | SOCK_NONBLOCK, 0, fd)) return failure;
  if (Failure failure = prepare(fd.get())) return failure;
  if (Failure failure = bind(thread, fd.get())) return failure;
  socket_ = std::move(fd);
  return {};
}

Failure OpenSocket::prepare(int fd) const {
  // As Node does: set in either case, as net.ipv6.bindv6only may change the default.
  const int only = options_.ipv6_only ? 1 : 0;
  if (options_.family == AF_INET6 && ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) {
    return failed("setsockopt");
  }
  const int on = 1;
  if (options_.reuse_port && ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    return failed("setsockopt");
  if (options_.device.empty()) return {};
  uint32_t index = 0;
  if (Failure failure = device_of_socket(fd, options_.device, index)) return failure;
  return ::setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof index) == 0 ? Failure{} : failed("setsockopt");
}

Failure OpenSocket::bind(const ThreadHome& thread, int fd) const {
  if (options_.host.empty()) return {};
  if (options_.family == AF_UNIX) return use_path(thread, fd);
  const int on = 1;
  // As Node does: a server that is restarted must not wait until its old connections have timed out.
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed("setsockopt");
  InetAddress address;
  if (Failure failure = parse_address(fd, options_.family, options_.host, options_.port, address)) return failure;
  return ::bind(fd, &address.any, address.size()) == 0 ? Failure{} : failed("bind");
}

Failure OpenSocket::use_path(const ThreadHome& thread, int fd) const {
  const std::string& path = options_.host;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The path of a file ends with a NUL; an abstract name begins with one, and its length is that of the address.
  const size_t length = path.size() + (path.front() == '\0' ? 0 : 1);
  if (length > sizeof address.sun_path) return Failure{ENAMETOOLONG, options_.connects ? "connect" : "bind"};
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  // Here, and not in libuv, which does not support abstract names in Node 20. The call does not block.
  if (options_.connects) return ::connect(fd, to, size) == 0 ? Failure{} : failed("connect");
  const auto bind_file = [&] { return ::bind(fd, to, size) == 0 ? Failure{} : failed("bind"); };
  // With a file system context of its own, this thread's umask is not the process's; without one it is the same.
  if (!thread.has_own_files()) return bind_file();
  const mode_t before = ::umask(options_.mask);
  const Failure failure = bind_file();
  ::umask(before);
  return failure;
}

napi_value OpenSocket::deliver(const Delivery& to) {
  return failure ? nullptr : make_number(to.env, static_cast<double>(to.handles.keep(std::move(socket_))));
}

}  // namespace netloom
