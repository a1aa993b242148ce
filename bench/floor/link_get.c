// link_get NETNS DEVICE COUNT: looks at one link by name COUNT times; prints the nanoseconds that one look took.
#include <linux/if_link.h>

#include "netlink.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int fd = open_netlink_in(argv[1]);
  const long count = atol(argv[3]);

  const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
  const uint32_t filter = RTEXT_FILTER_SKIP_STATS;
  union message request;
  begin(&request, RTM_GETLINK, 0, &any, sizeof any);
  attribute(&request, IFLA_IFNAME, argv[2], strlen(argv[2]) + 1);
  attribute(&request, IFLA_EXT_MASK, &filter, sizeof filter);

  static char buffer[receive_size];
  const uint64_t since = nanoseconds();
  for (long i = 0; i < count; ++i) {
    request.header.nlmsg_seq = (uint32_t)i;
    send_all(fd, &request, request.header.nlmsg_len);
    receive(fd, buffer);
    expect_no_error((const struct nlmsghdr*)buffer);
  }
  printf("%.1f\n", (double)(nanoseconds() - since) / (double)count);
  return 0;
}
