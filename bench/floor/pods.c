// pods NETNS PREFIX FIRST COUNT THREADS MODE: pods FIRST to FIRST + COUNT - 1 as fast as we know how, from inside
// /run/netns/NETNS. A pod is a namespace pinned at /run/netns/PREFIXn, a veth pair whose far end eth0 is born in it
// with a MAC, lo and eth0 up, an address, a default route. MODE says what is done with each: `make`, `delete`, or
// `cycle`, which is both. Prints the nanoseconds that one took, and then those of each, by themselves.
//
// What makes it fast: one send a pod, on a socket of the new namespace; the far end neither moved nor renamed; one
// queue a direction; indexes chosen, so that nothing is looked up; one acknowledgement, as errors come unasked. A
// thread that makes namespaces while another one plumbs them gets no further than two that do both.
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "netlink.h"

struct buffer {
  char bytes[2048];
  size_t size;
};

static void* at(struct buffer* b, size_t offset) {
  return b->bytes + offset;
}

static size_t start(struct buffer* b, uint16_t type, uint16_t flags, const void* header, size_t size) {
  const size_t begin = b->size;
  struct nlmsghdr* message = at(b, begin);
  memset(message, 0, NLMSG_SPACE(size));
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | flags;
  memcpy(NLMSG_DATA(message), header, size);
  b->size += NLMSG_SPACE(size);
  return begin;
}
static void finish(struct buffer* b, size_t begin) {
  ((struct nlmsghdr*)at(b, begin))->nlmsg_len = b->size - begin;
}

static size_t open_nest(struct buffer* b, uint16_t type) {
  const size_t begin = b->size;
  *(struct rtattr*)at(b, begin) = (struct rtattr){.rta_type = type};
  b->size += RTA_LENGTH(0);
  return begin;
}
static void close_nest(struct buffer* b, size_t begin) {
  ((struct rtattr*)at(b, begin))->rta_len = (unsigned short)(b->size - begin);
  b->size = RTA_ALIGN(b->size);
}
static void put(struct buffer* b, uint16_t type, const void* data, size_t size) {
  const size_t begin = open_nest(b, type);
  memcpy(at(b, b->size), data, size);
  memset(at(b, b->size + size), 0, RTA_ALIGN(size) - size);
  b->size += size;
  close_nest(b, begin);
}
static void put32(struct buffer* b, uint16_t type, uint32_t value) {
  put(b, type, &value, sizeof value);
}
static void put_text(struct buffer* b, uint16_t type, const char* text) {
  put(b, type, text, strlen(text) + 1);
}

static void end_up(struct buffer* b, int index) {
  const struct ifinfomsg header = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  finish(b, start(b, RTM_NEWLINK, 0, &header, sizeof header));
}

static int home;
static const char* prefix;
static long first;
static long count;
static long threads;
static void (*handle)(long n);
static uint64_t* took;

static void path_of(long n, char* path, size_t size) {
  if (snprintf(path, size, "/run/netns/%s%ld", prefix, n) >= (int)size) exit(2);
}

// Puts what a pod consists of into one buffer. Only the last message asks for an acknowledgement.
static void write_pod(struct buffer* b, long n) {
  char name[IFNAMSIZ];
  snprintf(name, sizeof name, "vh%ld", n);
  end_up(b, 1);
  const struct ifinfomsg near = {.ifi_index = 0x10000000 + (int)n, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  const size_t link = start(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &near, sizeof near);
  put_text(b, IFLA_IFNAME, name);
  put32(b, IFLA_NET_NS_FD, (uint32_t)home);
  put32(b, IFLA_NUM_TX_QUEUES, 1);
  put32(b, IFLA_NUM_RX_QUEUES, 1);
  const size_t info = open_nest(b, IFLA_LINKINFO);
  put_text(b, IFLA_INFO_KIND, "veth");
  const size_t data = open_nest(b, IFLA_INFO_DATA);
  const size_t peer = open_nest(b, VETH_INFO_PEER);
  const struct ifinfomsg far = {.ifi_index = 2};
  memcpy(at(b, b->size), &far, sizeof far);
  b->size += sizeof far;
  const unsigned char mac[6] = {2, 0, 0, (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
  put(b, IFLA_ADDRESS, mac, sizeof mac);
  put_text(b, IFLA_IFNAME, "eth0");
  put32(b, IFLA_NUM_TX_QUEUES, 1);
  put32(b, IFLA_NUM_RX_QUEUES, 1);
  close_nest(b, peer);
  close_nest(b, data);
  close_nest(b, info);
  finish(b, link);
  end_up(b, 2);
  const struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 2};
  const unsigned char own[4] = {10, 0, 0, 2};
  const size_t added = start(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &address, sizeof address);
  put(b, IFA_LOCAL, own, sizeof own);
  put(b, IFA_ADDRESS, own, sizeof own);
  finish(b, added);
  const struct rtmsg route = {.rtm_family = AF_INET,
                              .rtm_table = RT_TABLE_MAIN,
                              .rtm_protocol = RTPROT_BOOT,
                              .rtm_scope = RT_SCOPE_UNIVERSE,
                              .rtm_type = RTN_UNICAST};
  const unsigned char gateway[4] = {10, 0, 0, 1};
  const size_t routed = start(b, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &route, sizeof route);
  put(b, RTA_GATEWAY, gateway, sizeof gateway);
  finish(b, routed);
}

static void make_pod(long n) {
  char path[256];
  path_of(n, path, sizeof path);
  const int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
  if (file < 0) fail(path);
  close(file);
  if (unshare(CLONE_NEWNET) != 0) fail("unshare");
  if (mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) != 0) fail("mount");
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) fail("socket");
  struct buffer b = {.size = 0};
  write_pod(&b, n);
  send_all(fd, b.bytes, b.size);
  static _Thread_local char answer[receive_size];
  receive(fd, answer);
  expect_no_error((const struct nlmsghdr*)answer);
  close(fd);
  if (setns(home, CLONE_NEWNET) != 0) fail("setns");
}

// The veth pair goes with its namespace: to delete it before would wait for RCU.
static void delete_pod(long n) {
  char path[256];
  path_of(n, path, sizeof path);
  if (umount2(path, MNT_DETACH) != 0 || unlink(path) != 0) fail(path);
}

static void cycle_pod(long n) {
  make_pod(n);
  delete_pod(n);
}

static void* work(void* thread) {
  if (unshare(CLONE_FS) != 0) fail("unshare");
  for (long i = (long)thread; i < count; i += threads) {
    const uint64_t since = nanoseconds();
    handle(first + i);
    took[i] = nanoseconds() - since;
  }
  return NULL;
}

static void choose(const char* mode) {
  if (strcmp(mode, "make") == 0) handle = make_pod;
  if (strcmp(mode, "delete") == 0) handle = delete_pod;
  if (strcmp(mode, "cycle") == 0) handle = cycle_pod;
  if (handle == NULL) exit(2);
}

int main(int argc, char** argv) {
  enum { most_threads = 8 };
  if (argc != 7) return 2;
  close(open_netlink_in(argv[1]));
  home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  prefix = argv[2];
  first = atol(argv[3]);
  count = atol(argv[4]);
  threads = atol(argv[5]);
  choose(argv[6]);
  if (count < 1 || threads < 1 || threads > most_threads) return 2;
  took = calloc((size_t)count, sizeof *took);
  if (took == NULL) fail("calloc");

  pthread_t others[most_threads];
  const uint64_t since = nanoseconds();
  for (long i = 1; i < threads; ++i)
    if (pthread_create(&others[i], NULL, work, (void*)i) != 0) exit(1);
  work((void*)0);
  for (long i = 1; i < threads; ++i)
    pthread_join(others[i], NULL);
  printf("%.1f", (double)(nanoseconds() - since) / (double)count);
  for (long i = 0; i < count; ++i)
    printf(" %lu", took[i]);
  printf("\n");
  return 0;
}
