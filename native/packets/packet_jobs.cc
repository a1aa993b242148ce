#include "packets/packet_jobs.h"

#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <array>

#include "node/values.h"

namespace netloom {
namespace {

template <class Value>
Failure set_option(int fd, int level, int option, const Value& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0 ? Failure{} : failed("setsockopt");
}

Failure attach_filter(int fd, std::vector<sock_filter>& filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? Failure{}
                                                                                       : failed("SO_ATTACH_FILTER");
}

}  // namespace

void OpenPackets::run(ThreadHome& thread) {
  failure = thread.sockets().with_room(
      [&] { return netns_->inside(thread, [&](const NetnsOpener& opener) { return open(opener); }); });
}

Failure OpenPackets::open(const NetnsOpener& opener) {
  // With protocol 0: it receives nothing until it is bound to a protocol, after its filter is attached.
  Fd fd;
  const int type = (options_.cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK;
  if (Failure failure = opener.socket(AF_PACKET, type, 0, fd)) return failure;
  const int on = 1;
  if (!options_.device.empty()) {
    if (Failure failure = device_of_socket(fd.get(), options_.device, device_)) return failure;
  }
  if (Failure failure = set_option(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, on)) return failure;
  if (Failure failure = set_option(fd.get(), SOL_PACKET, PACKET_AUXDATA, on)) return failure;
  // Beyond net.core.rmem_max where that is allowed.
  if (set_option(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, options_.buffer_size)) {
    if (Failure failure = set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, options_.buffer_size)) return failure;
  }
  if (!options_.filter.empty()) {
    if (Failure failure = attach_filter(fd.get(), options_.filter)) return failure;
  }
  if (options_.ignore_outgoing) {
    if (Failure failure = set_option(fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, on)) return failure;
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(options_.protocol);
  address.sll_ifindex = static_cast<int>(device_);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return failed("bind");
  for (const auto& [wanted, type] :
       {std::pair{options_.promiscuous, PACKET_MR_PROMISC}, {options_.all_multicast, PACKET_MR_ALLMULTI}}) {
    packet_mreq membership{};
    membership.mr_ifindex = address.sll_ifindex;
    membership.mr_type = static_cast<unsigned short>(type);
    if (!wanted) continue;
    if (Failure failure = set_option(fd.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)) return failure;
  }
  if (options_.fanout) {
    const int fanout = static_cast<int>(*options_.fanout);
    if (::setsockopt(fd.get(), SOL_PACKET, PACKET_FANOUT, &fanout, sizeof fanout) != 0) return failed("PACKET_FANOUT");
  }
  socklen_t size = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return failed("getsockname");
  device_type_ = address.sll_hatype;
  socket_ = std::move(fd);
  return {};
}

napi_value OpenPackets::deliver(const Delivery& to) {
  if (failure) return nullptr;
  ArrayValue made(to.env);
  made.push(static_cast<double>(to.handles.keep_datagrams(std::move(socket_), Datagrams::Via::socket)));
  made.push(device_);
  made.push(device_type_);
  return made;
}

void OpenPing::run(ThreadHome& thread) {
  failure = thread.sockets().with_room(
      [&] { return netns_->inside(thread, [&](const NetnsOpener& opener) { return open(opener); }); });
}

Failure OpenPing::open(const NetnsOpener& opener) {
  const int protocol = options_.family == AF_INET6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  Fd fd;
  const Failure refused = opener.socket(options_.family, SOCK_DGRAM | SOCK_NONBLOCK, protocol, fd);
  if (refused && is_out_of_descriptors(refused.error)) return refused;
  if (refused) {
    if (Failure failure = opener.socket(options_.family, SOCK_RAW | SOCK_NONBLOCK, protocol, fd)) return failure;
    if (Failure failure = filter_raw(fd.get())) return failure;
  }
  if (Failure failure = parse_address(fd.get(), options_.family, options_.host, 0, destination_)) return failure;
  if (Failure failure = set_options(fd.get())) return failure;
  if (!options_.device.empty()) {
    uint32_t index = 0;
    if (Failure failure = device_of_socket(fd.get(), options_.device, index)) return failure;
    if (Failure failure = set_option(fd.get(), SOL_SOCKET, SO_BINDTOIFINDEX, index)) return failure;
  }
  if (!options_.source.empty()) {
    InetAddress source;
    if (Failure failure = parse_address(fd.get(), options_.family, options_.source, 0, source)) return failure;
    if (::bind(fd.get(), &source.any, source.size()) != 0) return failed("bind");
  }
  socket_ = std::move(fd);
  return {};
}

// A raw ICMP socket receives all ICMP messages: the filter drops all but this socket's echo replies before they are
// queued.
Failure OpenPing::filter_raw(int fd) {
  uint16_t identifier = 0;
  if (::getentropy(&identifier, sizeof identifier) != 0) return failed("getentropy");
  identifier_ = identifier;
  const bool v4 = options_.family == AF_INET;
  const uint32_t reply = v4 ? 0 : 129;
  const sock_filter past_ip = BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0);
  const sock_filter nothing_to_skip = BPF_STMT(BPF_LDX | BPF_IMM, 0);
  std::vector<sock_filter> filter{v4 ? past_ip : nothing_to_skip,
                                  BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, reply, 0, 3),
                                  BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
                                  BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
                                  BPF_STMT(BPF_RET | BPF_K, 0)};
  return attach_filter(fd, filter);
}

Failure OpenPing::set_options(int fd) const {
  const bool v6 = options_.family == AF_INET6;
  const int level = v6 ? int{IPPROTO_IPV6} : int{IPPROTO_IP};
  const int on = 1;
  struct Setting {
    bool wanted;
    int level;
    int option;
    int value;
  };
  const std::array settings{
      Setting{true, SOL_SOCKET, SO_TIMESTAMPNS, on},
      Setting{true, SOL_SOCKET, SO_BROADCAST, on},
      Setting{true, level, v6 ? IPV6_RECVERR : IP_RECVERR, on},
      Setting{true, level, v6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL, on},
      Setting{options_.ttl != 0, level, v6 ? IPV6_UNICAST_HOPS : IP_TTL, options_.ttl},
      Setting{options_.ttl != 0, level, v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, options_.ttl},
      Setting{options_.traffic_class >= 0, level, v6 ? IPV6_TCLASS : IP_TOS, options_.traffic_class},
      Setting{options_.dont_fragment, level, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
              v6 ? IPV6_PMTUDISC_DO : IP_PMTUDISC_DO},
      Setting{options_.dont_fragment && v6, level, IPV6_DONTFRAG, on},
  };
  for (const auto& [wanted, of, option, value] : settings) {
    if (!wanted) continue;
    if (Failure failure = set_option(fd, of, option, value)) return failure;
  }
  return {};
}

napi_value OpenPing::deliver(const Delivery& to) {
  if (failure) return nullptr;
  ArrayValue made(to.env);
  made.push(static_cast<double>(to.handles.keep_datagrams(std::move(socket_), Datagrams::Via::socket)));
  made.push(identifier_);
  made.push(make_bytes(to.env, reinterpret_cast<const uint8_t*>(&destination_), destination_.size()));
  return made;
}

}  // namespace netloom
