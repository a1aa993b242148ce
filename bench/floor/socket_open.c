// socket_open COUNT: opens and closes a TCP socket COUNT times; prints the nanoseconds that one took.
#include <netinet/in.h>
#include <sys/socket.h>

#include "netlink.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const long count = atol(argv[1]);
  const uint64_t since = nanoseconds();
  for (long i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return 1;
    close(fd);
  }
  printf("%.1f\n", (double)(nanoseconds() - since) / (double)count);
  return 0;
}
