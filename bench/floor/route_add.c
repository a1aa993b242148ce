// route_add NETNS IFINDEX GATEWAY COUNT: adds IPv4 routes to COUNT addresses from 20.0.0.0 on; prints the nanoseconds
// that one took. An acknowledgement is asked for of the last message of each send; errors come unasked.
#include <arpa/inet.h>

#include "netlink.h"

enum { messages_per_send = 256 };

static void add_route(union message* message, uint32_t destination, uint32_t gateway, uint32_t device) {
  const struct rtmsg route = {.rtm_family = AF_INET,
                              .rtm_dst_len = 32,
                              .rtm_table = RT_TABLE_MAIN,
                              .rtm_protocol = RTPROT_STATIC,
                              .rtm_scope = RT_SCOPE_UNIVERSE,
                              .rtm_type = RTN_UNICAST};
  const uint32_t metric = 100;
  begin(message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route, sizeof route);
  attribute(message, RTA_DST, &destination, sizeof destination);
  attribute(message, RTA_GATEWAY, &gateway, sizeof gateway);
  attribute(message, RTA_OIF, &device, sizeof device);
  attribute(message, RTA_PRIORITY, &metric, sizeof metric);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int fd = open_netlink_in(argv[1]);
  const uint32_t device = (uint32_t)atol(argv[2]);
  uint32_t gateway;
  if (inet_pton(AF_INET, argv[3], &gateway) != 1) return 2;
  const uint32_t count = (uint32_t)atol(argv[4]);

  static char out[messages_per_send * sizeof(union message)];
  static char in[receive_size];
  const uint64_t since = nanoseconds();
  for (uint32_t done = 0; done < count;) {
    size_t size = 0;
    for (int i = 0; i < messages_per_send && done < count; ++i, ++done) {
      union message message;
      add_route(&message, htonl(0x14000000u + done), gateway, device);
      if (i == messages_per_send - 1 || done == count - 1) message.header.nlmsg_flags |= NLM_F_ACK;
      memcpy(out + size, &message, message.header.nlmsg_len);
      size += message.header.nlmsg_len;
    }
    send_all(fd, out, size);
    receive(fd, in);
    expect_no_error((const struct nlmsghdr*)in);
  }
  printf("%.1f\n", (double)(nanoseconds() - since) / (double)count);
  return 0;
}
