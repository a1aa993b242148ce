#include "sockets/subscription_jobs.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include "node/values.h"

namespace netloom {
namespace {

Failure set_option(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0 ? Failure{} : failed("setsockopt");
}

}  // namespace

void OpenSubscription::run(ThreadHome& thread) {
  failure = thread.sockets().with_room(
      [&] { return netns_->inside(thread, [&](const NetnsOpener& opener) { return open(opener); }); });
}

Failure OpenSubscription::open(const NetnsOpener& opener) {
  Fd fd;
  if (Failure failure = opener.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, protocol_, fd)) return failure;
  // So that recvmsg(2) gives the group of each message.
  if (Failure failure = set_option(fd.get(), SOL_NETLINK, NETLINK_PKTINFO, 1)) return failure;
  // Beyond net.core.rmem_max where that is allowed.
  if (buffer_size_ > 0 && set_option(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, buffer_size_)) {
    if (Failure failure = set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, buffer_size_)) return failure;
  }
  // The kernel does not send multicast messages to an unbound socket.
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return failed("bind");
  socket_ = std::move(fd);
  return {};
}

napi_value OpenSubscription::deliver(const Delivery& to) {
  if (failure) return nullptr;
  const uint64_t number = to.handles.keep_datagrams(std::move(socket_), Datagrams::Via::netlink);
  return make_number(to.env, static_cast<double>(number));
}

Failure set_membership(int fd, uint32_t group, bool member) {
  const int option = member ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
  return ::setsockopt(fd, SOL_NETLINK, option, &group, sizeof group) == 0 ? Failure{} : failed("setsockopt");
}

}  // namespace netloom
