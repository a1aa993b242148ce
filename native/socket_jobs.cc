#include "socket_jobs.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "environment.h"
#include "inet_address.h"
#include "values.h"

namespace netloom {
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
    InetAddress address;
    if (Failure failure = parse_address(options_.family, options_.host, options_.port, address)) return failure;
    if (::bind(fd.get(), &address.any, address.size()) != 0) return failed("bind");
  }
  socket_ = std::move(fd);
  return {};
}

napi_value OpenSocket::deliver(const Delivery& to) {
  return failure ? nullptr : make_number(to.env, static_cast<double>(to.environment.keep(std::move(socket_))));
}

}  // namespace netloom
