// route_count NETNS TIMES: dumps the IPv4 routes TIMES times and counts the messages; prints the nanoseconds that one
// dump took, and the count.
#include "netlink.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int fd = open_netlink_in(argv[1]);
  const struct rtmsg all = {.rtm_family = AF_INET};
  union message request;
  begin(&request, RTM_GETROUTE, NLM_F_DUMP, &all, sizeof all);
  measure_dump(fd, &request, atol(argv[2]));
  return 0;
}
