// The jobs that open packet sockets (packet(7)) and sockets for ICMP echo (icmp(7), raw(7)) inside a namespace.
#pragma once

#include <linux/filter.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "netns/namespace.h"
#include "sockets/inet_address.h"
#include "threads/job.h"

namespace netloom {

class OpenPackets final : public Job {
 public:
  struct Options {
    bool cooked;         // without link-layer headers
    uint16_t protocol;   // EtherType; 0: nothing is received
    std::string device;  // by name or index; empty: all
    bool promiscuous;
    bool all_multicast;
    bool ignore_outgoing;
    std::optional<uint32_t> fanout;  // group | mode << 16
    int buffer_size;
    std::vector<sock_filter> filter;
  };
  OpenPackets(NamespacePointer netns, Options options) : netns_(std::move(netns)), options_(std::move(options)) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // [number of the datagrams, index of the device, type of the device (ARPHRD_)]
  napi_value deliver(const Delivery& to) override;

 private:
  Failure open(const NetnsOpener& opener);

  NamespacePointer netns_;
  Options options_;
  Fd socket_;
  uint32_t device_ = 0;
  uint32_t device_type_ = 0;
};

// Opens a socket that sends ICMP echo requests and receives the replies: an unprivileged one if
// net.ipv4.ping_group_range allows it, else a raw one.
class OpenPing final : public Job {
 public:
  struct Options {
    int family;
    std::string host;
    std::string source;  // an address; empty: the kernel chooses
    std::string device;  // by name or index; empty: any
    int ttl;             // 0: the kernel's default
    int traffic_class;   // -1: the kernel's default
    bool dont_fragment;
  };
  OpenPing(NamespacePointer netns, Options options) : netns_(std::move(netns)), options_(std::move(options)) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // [number of the datagrams, identifier of a raw one or -1, the destination as bytes]
  napi_value deliver(const Delivery& to) override;

 private:
  Failure open(const NetnsOpener& opener);
  Failure filter_raw(int fd);
  Failure set_options(int fd) const;

  NamespacePointer netns_;
  Options options_;
  Fd socket_;
  InetAddress destination_ = {};
  int identifier_ = -1;
};

}  // namespace netloom
