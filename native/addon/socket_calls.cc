// Functions for sockets.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "addon/addon.h"
#include "node/arguments.h"
#include "node/values.h"
#include "sockets/inet_address.h"
#include "sockets/socket_jobs.h"

namespace netloom {

Napi::Value NetloomAddon::OpenSocketInside(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto family = text(info[1]);
  const auto stream = boolean(info[2]);
  const auto ipv6_only = boolean(info[3]);
  const auto reuse_port = boolean(info[4]);
  const auto connects = boolean(info[5]);
  const auto host = text(info[6]);
  const auto port = number(info[7]);
  const auto mask = number(info[8]);
  const auto device = text(info[9]);
  if (!netns || !family || !stream || !ipv6_only || !reuse_port || !connects || !host || !port || !mask || !device) {
    return malformed(info.Env());
  }
  OpenSocket::Options options{.family = *family == "unix"   ? AF_UNIX
                                        : *family == "ipv6" ? AF_INET6
                                                            : AF_INET,
                              .type = *stream ? SOCK_STREAM : SOCK_DGRAM,
                              .ipv6_only = *ipv6_only,
                              .reuse_port = *reuse_port,
                              .connects = *connects,
                              .host = *host,
                              .port = static_cast<uint16_t>(*port),
                              .mask = static_cast<mode_t>(*mask),
                              .device = *device};
  const Use use{netns->identity(), false};
  return Submit(info, std::make_shared<OpenSocket>(netns, std::move(options)), LaneName::read, {use});
}

Napi::Value NetloomAddon::WatchSocket(Info info) {
  const auto socket = number(info[0]);
  if (!socket) return malformed(info.Env());
  Fd copy;
  if (Failure failure = environment_.duplicate(static_cast<int>(*socket), copy)) return status(info.Env(), failure);
  const uint64_t kept = environment_.keep_datagrams(std::move(copy), Datagrams::Via::socket);
  return {info.Env(), make_number(info.Env(), static_cast<double>(kept))};
}

Napi::Value NetloomAddon::SocketAddress(Info info) {
  const auto socket = number(info[0]);
  const auto peer = boolean(info[1]);
  if (!socket || !peer) return malformed(info.Env());
  const int fd = static_cast<int>(*socket);
  InetAddress address{};
  socklen_t size = sizeof address;
  if ((*peer ? ::getpeername(fd, &address.any, &size) : ::getsockname(fd, &address.any, &size)) != 0) {
    return status(info.Env(), failed(*peer ? "getpeername" : "getsockname"));
  }
  char text[INET6_ADDRSTRLEN] = "";
  const bool v6 = address.any.sa_family == AF_INET6;
  const void* bytes = v6 ? static_cast<const void*>(&address.v6.sin6_addr) : &address.v4.sin_addr;
  if (!::inet_ntop(address.any.sa_family, bytes, text, sizeof text)) return status(info.Env(), failed("inet_ntop"));
  ArrayValue found(info.Env());
  found.push(make_text(info.Env(), text));
  found.push(ntohs(v6 ? address.v6.sin6_port : address.v4.sin_port));
  const bool scoped = v6 && IN6_IS_ADDR_LINKLOCAL(&address.v6.sin6_addr) && address.v6.sin6_scope_id != 0;
  found.push(static_cast<double>(scoped ? address.v6.sin6_scope_id : 0));
  return {info.Env(), found};
}

Napi::Value NetloomAddon::DeviceName(Info info) {
  const auto socket = number(info[0]);
  const auto index = number(info[1]);
  if (!socket || !index) return malformed(info.Env());
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(*index);
  if (::ioctl(static_cast<int>(*socket), SIOCGIFNAME, &request) != 0) return info.Env().Undefined();
  return {info.Env(), make_text(info.Env(), request.ifr_name)};
}

Napi::Value NetloomAddon::DeviceIndex(Info info) {
  const auto socket = number(info[0]);
  const auto device = text(info[1]);
  if (!socket || !device) return malformed(info.Env());
  uint32_t index = 0;
  if (Failure failure = device_of_socket(static_cast<int>(*socket), *device, index)) return status(info.Env(), failure);
  return {info.Env(), make_number(info.Env(), index)};
}

Napi::Value NetloomAddon::BindToDevice(Info info) {
  const auto socket = number(info[0]);
  const auto index = number(info[1]);
  if (!socket || !index) return malformed(info.Env());
  const int fd = static_cast<int>(*socket);
  const int wanted = static_cast<int>(*index);
  int bound = 0;
  socklen_t size = sizeof bound;
  if (::getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &bound, &size) != 0) {
    return status(info.Env(), failed("getsockopt"));
  }
  if (bound == wanted) return status(info.Env(), {});
  if (bound != 0) return status(info.Env(), Failure{EINVAL, "setsockopt"});
  const bool done = ::setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &wanted, sizeof wanted) == 0;
  return status(info.Env(), done ? Failure{} : failed("setsockopt"));
}

Napi::Value NetloomAddon::JoinGroup(Info info) {
  const auto socket = number(info[0]);
  const auto join = boolean(info[1]);
  const auto group = text(info[2]);
  const auto device = text(info[3]);
  if (!socket || !join || !group || !device) return malformed(info.Env());
  ipv6_mreq request{};
  if (::inet_pton(AF_INET6, group->c_str(), &request.ipv6mr_multiaddr) != 1) return malformed(info.Env());
  uint32_t index = 0;
  const int fd = static_cast<int>(*socket);
  if (Failure failure = device_of_socket(fd, *device, index)) return status(info.Env(), failure);
  request.ipv6mr_interface = index;
  const int option = *join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP;
  const bool done = ::setsockopt(fd, IPPROTO_IPV6, option, &request, sizeof request) == 0;
  return status(info.Env(), done ? Failure{} : failed("setsockopt"));
}

Napi::Value NetloomAddon::JoinSource(Info info) {
  const auto socket = number(info[0]);
  const auto join = boolean(info[1]);
  const auto source = text(info[2]);
  const auto group = text(info[3]);
  const auto device = number(info[4]);
  if (!socket || !join || !source || !group || !device) return malformed(info.Env());
  group_source_req request{};
  request.gsr_interface = static_cast<uint32_t>(*device);
  for (auto [where, what] : {std::pair{&request.gsr_source, &*source}, std::pair{&request.gsr_group, &*group}}) {
    InetAddress address{};
    address.v6.sin6_family = AF_INET6;
    if (::inet_pton(AF_INET6, what->c_str(), &address.v6.sin6_addr) != 1) {
      return status(info.Env(), Failure{EINVAL, "setsockopt"});
    }
    std::memcpy(where, &address.v6, sizeof address.v6);
  }
  const int option = *join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;
  const bool done = ::setsockopt(static_cast<int>(*socket), IPPROTO_IPV6, option, &request, sizeof request) == 0;
  return status(info.Env(), done ? Failure{} : failed("setsockopt"));
}

Napi::Value NetloomAddon::SetReuseAddr(Info info) {
  const auto socket = number(info[0]);
  const auto on = boolean(info[1]);
  if (!socket || !on) return malformed(info.Env());
  const int value = *on ? 1 : 0;
  const bool done = ::setsockopt(static_cast<int>(*socket), SOL_SOCKET, SO_REUSEADDR, &value, sizeof value) == 0;
  return status(info.Env(), done ? Failure{} : failed("setsockopt"));
}

Napi::Value NetloomAddon::SetMulticastDevice(Info info) {
  const auto socket = number(info[0]);
  const auto device = text(info[1]);
  if (!socket || !device) return malformed(info.Env());
  uint32_t index = 0;
  const int fd = static_cast<int>(*socket);
  if (Failure failure = device_of_socket(fd, *device, index)) return status(info.Env(), failure);
  const bool done = ::setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0;
  return status(info.Env(), done ? Failure{} : failed("setsockopt"));
}

Napi::Value NetloomAddon::TakeSocket(Info info) {
  const auto socket = number(info[0]);
  const int fd = socket ? environment_.take_socket(static_cast<uint64_t>(*socket)) : -1;
  return {info.Env(), make_number(info.Env(), fd)};
}

Napi::Value NetloomAddon::SocketInode(Info info) {
  const auto socket = number(info[0]);
  const uint64_t inode = socket ? environment_.inode_of_socket(static_cast<uint64_t>(*socket)) : 0;
  return {info.Env(), make_number(info.Env(), static_cast<double>(inode))};
}

}  // namespace netloom
