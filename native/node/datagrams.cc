#include "node/datagrams.h"

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "node/values.h"

namespace netloom {
namespace {

union SenderAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_ll link;
};

void note_sender(const SenderAddress& from, PacketMeta& meta) {
  meta.family = from.any.sa_family;
  switch (from.any.sa_family) {
    case AF_INET:
      meta.family |= static_cast<uint32_t>(ntohs(from.v4.sin_port)) << 16;
      std::memcpy(meta.address, &from.v4.sin_addr, sizeof from.v4.sin_addr);
      break;
    case AF_INET6:
      meta.family |= static_cast<uint32_t>(ntohs(from.v6.sin6_port)) << 16;
      std::memcpy(meta.address, &from.v6.sin6_addr, sizeof from.v6.sin6_addr);
      meta.scope = from.v6.sin6_scope_id;
      break;
    case AF_PACKET:
      meta.family |= static_cast<uint32_t>(from.link.sll_halen) << 16;
      std::memcpy(meta.address, from.link.sll_addr, sizeof from.link.sll_addr);
      meta.device = static_cast<uint32_t>(from.link.sll_ifindex);
      meta.protocol = ntohs(from.link.sll_protocol);
      meta.type = from.link.sll_pkttype | static_cast<uint32_t>(from.link.sll_hatype) << 16;
      break;
    default:
      break;
  }
}

template <class Value>
bool read_control(const cmsghdr& header, Value& value) {
  if (header.cmsg_len < CMSG_LEN(sizeof value)) return false;
  std::memcpy(&value, CMSG_DATA(&header), sizeof value);
  return true;
}

void note_error(const cmsghdr& header, PacketMeta& meta) {
  sock_extended_err error{};
  if (!read_control(header, error)) return;
  meta.error = error.ee_errno | static_cast<uint32_t>(error.ee_origin) << 16;
  meta.icmp = error.ee_type | static_cast<uint32_t>(error.ee_code) << 8;
  meta.detail = error.ee_info;
  SenderAddress offender{};
  const size_t size = std::min(header.cmsg_len - CMSG_LEN(sizeof error), sizeof offender);
  std::memcpy(static_cast<void*>(&offender), CMSG_DATA(&header) + sizeof error, size);
  note_sender(offender, meta);
}

void note_control(const cmsghdr& header, PacketMeta& meta) {
  const auto is = [&](int level, int type) { return header.cmsg_level == level && header.cmsg_type == type; };
  timespec time{};
  tpacket_auxdata aux{};
  int hops = 0;
  if (is(SOL_SOCKET, SO_TIMESTAMPNS) && read_control(header, time)) {
    meta.seconds = static_cast<uint32_t>(time.tv_sec);
    meta.nanoseconds = static_cast<uint32_t>(time.tv_nsec);
  } else if (is(SOL_PACKET, PACKET_AUXDATA) && read_control(header, aux)) {
    meta.length = aux.tp_len;
    meta.status = aux.tp_status;
    const uint32_t protocol = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? aux.tp_vlan_tpid : 0x8100;
    meta.vlan = aux.tp_vlan_tci | protocol << 16;
  } else if ((is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) && read_control(header, hops)) {
    meta.hops = 0x100 | static_cast<uint32_t>(hops);
  } else if (is(IPPROTO_IP, IP_RECVERR) || is(IPPROTO_IPV6, IPV6_RECVERR)) {
    note_error(header, meta);
  }
}

}  // namespace

Datagrams::Datagrams(napi_env env, Fd fd, Via via, Call call)
    : env_(env), fd_(std::make_shared<const Fd>(std::move(fd))), via_(via), call_(std::move(call)) {}

Datagrams::~Datagrams() {
  polled_.reset();
  if (ready_) (void)napi_delete_reference(env_, ready_);
}

void Datagrams::listen(napi_value ready) {
  if (!ready_) (void)napi_create_reference(env_, ready, 0, &ready_);
}

bool Datagrams::wait_for(int events) {
  if (!polled_) {
    if (events == 0) return true;
    polled_ = Polled::open(env_, fd(), [this](int possible) { on_ready(possible); });
    if (!polled_) return false;
    polled_->keep_alive(alive_);
  }
  polled_->wait_for(events);
  if (ready_ && held_ != (events != 0)) {
    held_ = events != 0;
    (void)(held_ ? napi_reference_ref(env_, ready_, nullptr) : napi_reference_unref(env_, ready_, nullptr));
  }
  return true;
}

void Datagrams::keep_alive(bool alive) {
  alive_ = alive;
  if (polled_) polled_->keep_alive(alive);
}

void Datagrams::on_ready(int events) {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value function = nullptr;
  if (ready_) (void)napi_get_reference_value(env_, ready_, &function);
  const napi_env env = env_;
  // A copy: the call may destroy this object.
  const Call call = call_;
  if (function) call(function, make_number(env, events));
  (void)napi_close_handle_scope(env, scope);
}

ssize_t Datagrams::receive_message(uint8_t* to, size_t longest, PacketMeta& meta, bool errors) {
  SenderAddress from{};
  iovec bytes{to, longest};
  alignas(cmsghdr) uint8_t control[256];
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t length = ::recvmsg(fd(), &message, MSG_DONTWAIT | MSG_TRUNC | (errors ? MSG_ERRQUEUE : 0));
  if (length < 0) return length;
  meta.length = static_cast<uint32_t>(length);
  if (!errors) note_sender(from, meta);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
    note_control(*header, meta);
  return length;
}

// Peeks first, as a message that is longer than the memory would be cut. Drops messages that the kernel has not sent: a
// process in the namespace may write to any netlink socket there.
ssize_t Datagrams::receive_netlink(uint8_t* to, size_t longest, PacketMeta& meta) {
  while (true) {
    sockaddr_nl sender{};
    iovec bytes{nullptr, 0};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    const ssize_t length = ::recvmsg(fd(), &message, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC);
    if (length < 0) return length;
    const bool fits = static_cast<size_t>(length) <= longest;
    if (sender.nl_pid == 0 && !fits) {
      meta.length = static_cast<uint32_t>(length);
      errno = EMSGSIZE;
      return -1;
    }
    alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(nl_pktinfo))];
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    bytes = {to, fits ? longest : 0};
    const ssize_t received = ::recvmsg(fd(), &message, MSG_DONTWAIT);
    if (received < 0) return received;
    if (sender.nl_pid != 0) continue;
    nl_pktinfo info{};
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level == SOL_NETLINK && header->cmsg_type == NETLINK_PKTINFO) read_control(*header, info);
    }
    meta.detail = info.group;
    meta.length = static_cast<uint32_t>(received);
    return received;
  }
}

Datagrams::Received Datagrams::receive(std::span<uint8_t> slab, size_t longest, std::span<PacketMeta> metas,
                                       bool errors) {
  Received received;
  while (received.count < metas.size() && slab.size() >= longest) {
    PacketMeta& meta = metas[received.count];
    ssize_t length = 0;
    if (via_ == Via::file) {
      length = ::read(fd(), slab.data(), longest);
      meta.length = static_cast<uint32_t>(length);
    } else {
      meta = {};
      length = via_ == Via::netlink ? receive_netlink(slab.data(), longest, meta)
                                    : receive_message(slab.data(), longest, meta, errors);
    }
    if (length < 0) {
      if (errno == EINTR) continue;
      received.failure = failed(via_ == Via::file ? "read" : "recvmsg");
      break;
    }
    meta.captured = static_cast<uint32_t>(std::min(static_cast<size_t>(length), longest));
    slab = slab.subspan(meta.captured);
    ++received.count;
  }
  return received;
}

Failure Datagrams::send(std::span<const uint8_t> packets, std::span<const uint32_t> lengths,
                        std::span<const uint8_t> address, size_t& sent) {
  for (sent = 0; sent < lengths.size(); ++sent) {
    const size_t length = lengths[sent];
    if (length > packets.size()) return Failure{EINVAL, "sendmsg"};
    ssize_t written = 0;
    do {
      if (via_ == Via::file) {
        written = ::write(fd(), packets.data(), length);
      } else {
        const auto* to = reinterpret_cast<const sockaddr*>(address.empty() ? nullptr : address.data());
        written = ::sendto(fd(), packets.data(), length, MSG_DONTWAIT | MSG_NOSIGNAL, to,
                           static_cast<socklen_t>(address.size()));
      }
    } while (written < 0 && errno == EINTR);
    if (written < 0) return failed(via_ == Via::file ? "write" : "sendto");
    packets = packets.subspan(length);
  }
  return {};
}

}  // namespace netloom
