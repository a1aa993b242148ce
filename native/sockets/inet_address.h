// Converts IP addresses and device names to what the system calls take.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/failure.h"

namespace netloom {

union InetAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;

  socklen_t size() const { return any.sa_family == AF_INET6 ? sizeof v6 : sizeof v4; }
};

// The index of a device in the socket's namespace; `device` is its name or its index.
Failure device_of_socket(int socket, const std::string& device, uint32_t& index);
// EINVAL if the text is no address of the family. Device names in it (%eth0) are those of the socket's namespace.
Failure parse_address(int socket, int family, const std::string& text, uint16_t port, InetAddress& address);

}  // namespace netloom
