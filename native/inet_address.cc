#include "inet_address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <charconv>

namespace netloom {

Failure find_device(const std::string& device, uint32_t& index) {
  const char* end = device.data() + device.size();
  const auto [rest, error] = std::from_chars(device.data(), end, index);
  if (error == std::errc() && rest == end) return {};
  index = ::if_nametoindex(device.c_str());
  return index != 0 ? Failure{} : failed("if_nametoindex");
}

Failure parse_address(int family, const std::string& text, uint16_t port, InetAddress& address) {
  address = {};
  address.any.sa_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    address.v4.sin_port = htons(port);
    return ::inet_pton(AF_INET, text.c_str(), &address.v4.sin_addr) == 1 ? Failure{} : Failure{EINVAL, "bind"};
  }
  const size_t percent = text.find('%');
  address.v6.sin6_port = htons(port);
  if (percent != std::string::npos) {
    if (Failure failure = find_device(text.substr(percent + 1), address.v6.sin6_scope_id)) return failure;
  }
  return ::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &address.v6.sin6_addr) == 1 ? Failure{}
                                                                                            : Failure{EINVAL, "bind"};
}

}  // namespace netloom
