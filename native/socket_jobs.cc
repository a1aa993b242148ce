#include "socket_jobs.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>

#include "environment.h"
#include "values.h"

namespace netloom {
namespace {

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// The index of a device of the thread's namespace, by its name or by the index itself.
Failure find_device(const std::string& device, uint32_t& index) {
  const char* end = device.data() + device.size();
  const auto [rest, error] = std::from_chars(device.data(), end, index);
  if (error == std::errc() && rest == end) return {};
  index = ::if_nametoindex(device.c_str());
  return index != 0 ? Failure{} : failed("if_nametoindex");
}

// Fails with EINVAL for what is no address of the family. Device names in it are those of the thread's namespace.
Failure parse(const OpenSocket::Options& options, Address& address, socklen_t& size) {
  address = {};
  address.any.sa_family = static_cast<sa_family_t>(options.family);
  if (options.family == AF_INET) {
    address.v4.sin_port = htons(options.port);
    size = sizeof address.v4;
    return ::inet_pton(AF_INET, options.host.c_str(), &address.v4.sin_addr) == 1 ? Failure{} : Failure{EINVAL, "bind"};
  }
  const size_t percent = options.host.find('%');
  address.v6.sin6_port = htons(options.port);
  size = sizeof address.v6;
  if (percent != std::string::npos) {
    if (Failure failure = find_device(options.host.substr(percent + 1), address.v6.sin6_scope_id)) return failure;
  }
  const std::string host = options.host.substr(0, percent);
  return ::inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1 ? Failure{} : Failure{EINVAL, "bind"};
}

}  // namespace

void OpenSocket::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&] { return netns_->inside(thread, [&] { return open(); }); });
}

Failure OpenSocket::open() {
  Fd fd(::socket(options_.family, options_.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed("socket");
  const int on = 1;
  // As Node does it: said in any case, for net.ipv6.bindv6only may say something else.
  const int only = options_.ipv6_only ? 1 : 0;
  if (options_.family == AF_INET6 && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) {
    return failed("setsockopt");
  }
  if (!options_.device.empty()) {
    unsigned index = 0;
    if (Failure failure = find_device(options_.device, index)) return failure;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof index) != 0) return failed("setsockopt");
  }
  if (!options_.host.empty()) {
    // As Node does it: a server that starts again must not wait for its old connections to time out.
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed("setsockopt");
    Address address;
    socklen_t size = 0;
    if (Failure failure = parse(options_, address, size)) return failure;
    if (::bind(fd.get(), &address.any, size) != 0) return failed("bind");
  }
  socket_ = std::move(fd);
  return {};
}

napi_value OpenSocket::deliver(const Delivery& to) {
  return failure ? nullptr : make_number(to.env, static_cast<double>(to.environment.keep(std::move(socket_))));
}

}  // namespace netloom
