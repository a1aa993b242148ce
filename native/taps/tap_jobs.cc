#include "taps/tap_jobs.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "node/values.h"
#include "sockets/inet_address.h"

namespace netloom {

void OpenTap::run(ThreadHome& thread) {
  failure = thread.sockets().with_room(
      [&] { return netns_->inside(thread, [&](const NetnsOpener& opener) { return open(opener); }); });
}

Failure OpenTap::open(const NetnsOpener& opener) {
  Fd fd;
  if (Failure failure = opener.open(AT_FDCWD, "/dev/net/tun", O_RDWR | O_NONBLOCK, 0, fd))
    return std::strcmp(failure.call, "openat2") == 0 ? Failure{failure.error, "open (/dev/net/tun)"} : failure;
  Fd any;  // a socket for SIOCGIFINDEX
  uint32_t before = 0;
  if (options_.exists) {
    if (Failure failure = opener.socket(AF_UNIX, SOCK_DGRAM, 0, any)) return failure;
    if (Failure failure = device_of_socket(any.get(), options_.name, before)) return failure;
  }
  ifreq request{};
  std::strncpy(request.ifr_name, options_.name.c_str(), IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(options_.flags | (options_.exists ? 0 : IFF_TUN_EXCL));
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return failed("TUNSETIFF");
  // The device was removed in between, and TUNSETIFF has created another one: closing the queue removes that.
  if (options_.exists) {
    uint32_t now = 0;
    if (Failure failure = device_of_socket(any.get(), request.ifr_name, now)) return failure;
    if (now != before) return Failure{ENODEV, "TUNSETIFF"};
  }
  if (options_.header_size != 0 && ::ioctl(fd.get(), TUNSETVNETHDRSZ, &options_.header_size) != 0)
    return failed("TUNSETVNETHDRSZ");
  if (options_.offload != 0 && ::ioctl(fd.get(), TUNSETOFFLOAD, static_cast<unsigned long>(options_.offload)) != 0)
    return failed("TUNSETOFFLOAD");
  // The kernel reads the ids in the caller's user namespace.
  if (options_.owner) {
    if (Failure failure = opener.control(fd.get(), TUNSETOWNER, *options_.owner, "TUNSETOWNER")) return failure;
  }
  if (options_.group) {
    if (Failure failure = opener.control(fd.get(), TUNSETGROUP, *options_.group, "TUNSETGROUP")) return failure;
  }
  options_.name = request.ifr_name;
  queue_ = std::move(fd);
  return {};
}

napi_value OpenTap::deliver(const Delivery& to) {
  if (failure) return nullptr;
  ArrayValue made(to.env);
  made.push(static_cast<double>(to.handles.keep_datagrams(std::move(queue_), Datagrams::Via::file)));
  made.push(make_text(to.env, options_.name));
  return made;
}

void ControlTap::run(ThreadHome&) {
  if (what_ == What::persist) {
    if (::ioctl(queue_->get(), TUNSETPERSIST, static_cast<unsigned long>(value_)) != 0)
      failure = failed("TUNSETPERSIST");
    return;
  }
  ifreq request{};
  request.ifr_flags = value_ != 0 ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
  if (::ioctl(queue_->get(), TUNSETQUEUE, &request) != 0) failure = failed("TUNSETQUEUE");
}

}  // namespace netloom
