#include "transactions/find_device.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

#include "netlink/attributes.h"

namespace netloom {
namespace {

// SIOCGIFINDEX answers without the rtnl lock, so naming a device costs 1 µs and never waits.
Failure find_short(NetlinkSocket& socket, const std::string& name, int32_t& index) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(socket.fd(), SIOCGIFINDEX, &request) != 0) return failed("ioctl");
  index = request.ifr_ifindex;
  return {};
}

void append_attribute(std::vector<uint8_t>& message, uint16_t type, Bytes payload) {
  const nlattr header{static_cast<uint16_t>(NLA_HDRLEN + payload.size()), type};
  append_message(message, {reinterpret_cast<const uint8_t*>(&header), sizeof header});
  append_message(message, payload);
}

// A further name does not fit into what an ioctl takes.
Failure find_long(ThreadHome& thread, NetlinkSocket& socket, const std::string& name, int32_t& index) {
  std::vector<uint8_t> message(NLMSG_LENGTH(sizeof(ifinfomsg)));
  const uint32_t brief = RTEXT_FILTER_SKIP_STATS;
  append_attribute(message, IFLA_ALT_IFNAME, {reinterpret_cast<const uint8_t*>(name.c_str()), name.size() + 1});
  append_attribute(message, IFLA_EXT_MASK, {reinterpret_cast<const uint8_t*>(&brief), sizeof brief});
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(message.size());
  header.nlmsg_type = RTM_GETLINK;
  header.nlmsg_flags = NLM_F_REQUEST;
  std::memcpy(message.data(), &header, sizeof header);
  Replies replies;
  if (Failure failure = socket.transact(thread.receive_buffer(), {message, Ending::reply}, replies)) return failure;
  Failure result{ENODEV, "recvmsg"};
  for_each_refusal(replies, [&](uint32_t, Bytes refusal) { result.error = -error_in(refusal); });
  for_each_object(replies, sizeof(ifinfomsg), [&](Bytes link) {
    ifinfomsg info;
    std::memcpy(&info, link.data() + NLMSG_HDRLEN, sizeof info);
    index = info.ifi_index;
    result = {};
  });
  return result;
}

}  // namespace

Failure find_device(ThreadHome& thread, Namespace& netns, int protocol, const std::string& name, int32_t& index) {
  const bool is_short = name.size() < IFNAMSIZ;
  return netns.with_socket(thread, is_short ? protocol : NETLINK_ROUTE, [&](NetlinkSocket& socket) {
    return is_short ? find_short(socket, name, index) : find_long(thread, socket, name, index);
  });
}

}  // namespace netloom
