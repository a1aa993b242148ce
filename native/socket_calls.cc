// What JavaScript may call on sockets.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "addon.h"
#include "arguments.h"
#include "socket_jobs.h"
#include "values.h"

namespace netloom {

Napi::Value NetloomAddon::OpenSocketInside(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto family = text(info[1]);
  const auto stream = boolean(info[2]);
  const auto ipv6_only = boolean(info[3]);
  const auto reuse_port = boolean(info[4]);
  const auto host = text(info[5]);
  const auto port = number(info[6]);
  const auto mask = number(info[7]);
  const auto device = text(info[8]);
  if (!netns || !family || !stream || !ipv6_only || !reuse_port || !host || !port || !mask || !device) {
    return malformed(info.Env());
  }
  OpenSocket::Options options{.family = *family == "unix"   ? AF_UNIX
                                        : *family == "ipv6" ? AF_INET6
                                                            : AF_INET,
                              .type = *stream ? SOCK_STREAM : SOCK_DGRAM,
                              .ipv6_only = *ipv6_only,
                              .reuse_port = *reuse_port,
                              .host = *host,
                              .port = static_cast<uint16_t>(*port),
                              .mask = static_cast<mode_t>(*mask),
                              .device = *device};
  const Use use{netns->identity(), false};
  return Submit(info, std::make_shared<OpenSocket>(netns, std::move(options)), LaneName::read, {use});
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

}  // namespace netloom
