#include "sockets/inet_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <charconv>
#include <cstring>

#include "base/fd.h"

namespace netloom {

namespace {

bool is_index(const std::string& device, uint32_t& index) {
  const char* end = device.data() + device.size();
  const auto [rest, error] = std::from_chars(device.data(), end, index);
  return error == std::errc() && rest == end;
}

}  // namespace

Failure device_of_socket(int socket, const std::string& device, uint32_t& index) {
  if (is_index(device, index)) return {};
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name) return Failure{ENODEV, "ioctl (SIOCGIFINDEX)"};
  std::memcpy(request.ifr_name, device.data(), device.size());
  if (::ioctl(socket, SIOCGIFINDEX, &request) != 0) return failed("ioctl (SIOCGIFINDEX)");
  index = static_cast<uint32_t>(request.ifr_ifindex);
  return {};
}

Failure parse_address(int socket, int family, const std::string& text, uint16_t port, InetAddress& address) {
  address = {};
  address.any.sa_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    address.v4.sin_port = htons(port);
    return ::inet_pton(AF_INET, text.c_str(), &address.v4.sin_addr) == 1 ? Failure{} : Failure{EINVAL, "bind"};
  }
  const size_t percent = text.find('%');
  address.v6.sin6_port = htons(port);
  if (percent != std::string::npos) {
    if (Failure failure = device_of_socket(socket, text.substr(percent + 1), address.v6.sin6_scope_id)) return failure;
  }
  return ::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &address.v6.sin6_addr) == 1 ? Failure{}
                                                                                            : Failure{EINVAL, "bind"};
}

}  // namespace netloom
