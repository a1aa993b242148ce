// route_count NETNS TIMES: dumps the IPv4 routes TIMES times and counts the messages; prints the nanoseconds that one
// dump took, and the count.
#include "netlink.h"

static long dump(int fd) {
  static char buffer[receive_size];
  const struct rtmsg all = {.rtm_family = AF_INET};
  union message request;
  begin(&request, RTM_GETROUTE, NLM_F_DUMP, &all, sizeof all);
  send_all(fd, &request, request.header.nlmsg_len);
  long count = 0;
  while (1) {
    size_t left = receive(fd, buffer);
    for (const struct nlmsghdr* message = (const struct nlmsghdr*)buffer; NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return count;
      expect_no_error(message);
      ++count;
    }
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int fd = open_netlink_in(argv[1]);
  const long times = atol(argv[2]);
  long count = 0;
  const uint64_t since = nanoseconds();
  for (long i = 0; i < times; ++i)
    count = dump(fd);
  printf("%.1f %ld\n", (double)(nanoseconds() - since) / (double)times, count);
  return 0;
}
