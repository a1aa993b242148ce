// tap_bridge NETNS IN OUT PACKETS SIZE BATCH: writes so many packets into one tap, in batches, and reads them from
// another one, to which a bridge leads; both are there and persistent. Prints the nanoseconds that a packet took.
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include "netlink.h"

static int open_tap(const char* name) {
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) fail(name);
  return fd;
}

// Whether a packet of ours is there, within some milliseconds.
static bool receives(int fd, uint8_t* packet, size_t size, int milliseconds) {
  while (true) {
    const ssize_t length = read(fd, packet, size);
    if (length > 0 && packet[12] == 0x88 && packet[13] == 0xb5) return true;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (length < 0 && poll(&readable, 1, milliseconds) <= 0) return false;
  }
}

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  close(open_netlink_in(argv[1]));  // and stays there
  const int in = open_tap(argv[2]);
  const int out = open_tap(argv[3]);
  const long packets = atol(argv[4]);
  const size_t size = (size_t)atol(argv[5]);
  const long batch = atol(argv[6]);

  uint8_t packet[2048] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  static uint8_t received[65536];
  // The bridge takes a moment to see that somebody is there.
  do {
    if (write(in, packet, size) != (ssize_t)size) fail("write");
  } while (!receives(out, received, sizeof received, 10));
  while (receives(out, received, sizeof received, 100))
    continue;

  const uint64_t since = nanoseconds();
  for (long done = 0; done < packets;) {
    for (long i = 0; i < batch; ++i)
      if (write(in, packet, size) != (ssize_t)size) fail("write");
    for (long i = 0; i < batch; ++i)
      if (!receives(out, received, sizeof received, 1000)) fail("a packet was lost");
    done += batch;
  }
  printf("%.1f\n", (double)(nanoseconds() - since) / (double)packets);
  return 0;
}
