// Notifies the service manager of this process's state: one datagram to a Unix socket, as sd_notify(3) sends it.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "addon/addon.h"
#include "base/fd.h"
#include "node/arguments.h"
#include "node/values.h"

namespace netloom {

Napi::Value NetloomAddon::SendToUnix(Info info) {
  const auto path = text(info[0]);
  const auto message = text(info[1]);
  sockaddr_un address = {};
  if (!path || !message || path->empty()) return malformed(info.Env());
  if (path->size() >= sizeof address.sun_path) return Ended(info, Failure{ENAMETOOLONG, "sendto"});
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path->data(), path->size());
  socklen_t length = offsetof(sockaddr_un, sun_path) + path->size() + 1;
  if (path->front() == '@') {  // an abstract name, without a NUL at its end
    address.sun_path[0] = '\0';
    length -= 1;
  }
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Ended(info, failed("socket"));
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (::sendto(fd.get(), message->data(), message->size(), MSG_NOSIGNAL, to, length) < 0) {
    return Ended(info, failed("sendto"));
  }
  return Ended(info, {});
}

}  // namespace netloom
