#include "socket_jobs.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>

#include "environment.h"
#include "values.h"

namespace netloom {
namespace {

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un path;
};

// Fails with EINVAL for what is no address of the family. Device names in it are those of the socket's namespace.
Failure parse(int socket, const OpenSocket::Options& options, Address& address, socklen_t& size) {
  address = {};
  address.any.sa_family = static_cast<sa_family_t>(options.family);
  if (options.family == AF_UNIX) {
    const std::string& path = options.host;
    // That of a file ends with a NUL; an abstract one begins with one, and is as long as it is said to be.
    if (path.size() + (path.front() == '\0' ? 0 : 1) > sizeof address.path.sun_path)
      return Failure{ENAMETOOLONG, "bind"};
    std::memcpy(address.path.sun_path, path.data(), path.size());
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (path.front() == '\0' ? 0 : 1));
    return {};
  }
  if (options.family == AF_INET) {
    address.v4.sin_port = htons(options.port);
    size = sizeof address.v4;
    return ::inet_pton(AF_INET, options.host.c_str(), &address.v4.sin_addr) == 1 ? Failure{} : Failure{EINVAL, "bind"};
  }
  const size_t percent = options.host.find('%');
  address.v6.sin6_port = htons(options.port);
  size = sizeof address.v6;
  if (percent != std::string::npos) {
    if (Failure failure = device_of_socket(socket, options.host.substr(percent + 1), address.v6.sin6_scope_id))
      return failure;
  }
  const std::string host = options.host.substr(0, percent);
  return ::inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1 ? Failure{} : Failure{EINVAL, "bind"};
}

}  // namespace

void OpenSocket::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&] { return netns_->inside(thread, [&] { return open(); }); });
}

Failure device_of_socket(int socket, const std::string& device, uint32_t& index) {
  const char* end = device.data() + device.size();
  const auto [rest, error] = std::from_chars(device.data(), end, index);
  if (error == std::errc() && rest == end) return {};
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name) return Failure{ENODEV, "ioctl (SIOCGIFINDEX)"};
  std::memcpy(request.ifr_name, device.data(), device.size());
  if (::ioctl(socket, SIOCGIFINDEX, &request) != 0) return failed("ioctl (SIOCGIFINDEX)");
  index = static_cast<uint32_t>(request.ifr_ifindex);
  return {};
}

Failure OpenSocket::open() {
  Fd fd(::socket(options_.family, options_.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed("socket");
  if (Failure failure = prepare(fd.get())) return failure;
  if (Failure failure = bind(fd.get())) return failure;
  socket_ = std::move(fd);
  return {};
}

Failure OpenSocket::prepare(int fd) const {
  // As Node does it: said in any case, for net.ipv6.bindv6only may say something else.
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

Failure OpenSocket::bind(int fd) const {
  if (options_.host.empty()) return {};
  const int on = 1;
  // As Node does it: a server that starts again must not wait for its old connections to time out.
  if (options_.family != AF_UNIX && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    return failed("setsockopt");
  }
  Address address;
  socklen_t size = 0;
  if (Failure failure = parse(fd, options_, address, size)) return failure;
  // This thread's mask is not that of the process.
  const mode_t before = options_.family == AF_UNIX ? ::umask(options_.mask) : 0;
  const Failure failure = ::bind(fd, &address.any, size) == 0 ? Failure{} : failed("bind");
  if (options_.family == AF_UNIX) ::umask(before);
  return failure;
}

napi_value OpenSocket::deliver(const Delivery& to) {
  return failure ? nullptr : make_number(to.env, static_cast<double>(to.environment.keep(std::move(socket_))));
}

}  // namespace netloom
