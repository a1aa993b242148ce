// link_count NETNS TIMES: dumps the links TIMES times and counts the messages; prints the nanoseconds that one dump
// took, and the count.
#include <linux/if_link.h>

#include "netlink.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int fd = open_netlink_in(argv[1]);
  const struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
  const uint32_t filter = RTEXT_FILTER_SKIP_STATS;
  union message request;
  begin(&request, RTM_GETLINK, NLM_F_DUMP, &all, sizeof all);
  attribute(&request, IFLA_EXT_MASK, &filter, sizeof filter);
  measure_dump(fd, &request, atol(argv[2]));
  return 0;
}
