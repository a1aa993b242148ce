// What JavaScript may call on sockets.
#include <netinet/in.h>
#include <sys/socket.h>

#include "addon.h"
#include "arguments.h"
#include "socket_jobs.h"
#include "values.h"

namespace netloom {

Napi::Value NetloomAddon::OpenInetSocket(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto version = number(info[1]);
  const auto type = text(info[2]);
  const auto host = text(info[4]);
  const auto port = number(info[5]);
  const auto device = text(info[6]);
  if (!netns || !version || !type || !info[3].IsBoolean() || !host || !port || !device) return malformed(info.Env());
  OpenSocket::Options options{*version == 6 ? AF_INET6 : AF_INET,  *type == "udp" ? SOCK_DGRAM : SOCK_STREAM,
                              info[3].As<Napi::Boolean>().Value(), *host,
                              static_cast<uint16_t>(*port),        *device};
  const Use use{netns->identity(), false};
  return Submit(info, std::make_shared<OpenSocket>(netns, std::move(options)), LaneName::read, {use});
}

Napi::Value NetloomAddon::TakeSocket(Info info) {
  const auto socket = number(info[0]);
  const int fd = socket ? environment_.take_socket(static_cast<uint64_t>(*socket)) : -1;
  return {info.Env(), make_number(info.Env(), fd)};
}

}  // namespace netloom
