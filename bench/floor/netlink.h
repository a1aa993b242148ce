// What the programs of the floor share: a netlink socket in a named namespace, requests, time.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// The kernel fills at most 32 KiB of a datagram.
enum { receive_size = 32 * 1024 };

static inline void fail(const char* what) {
  perror(what);
  exit(1);
}

static inline uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Enters /run/netns/NAME for good, and opens a socket there.
static inline int open_netlink_in(const char* name) {
  char path[256];
  if (snprintf(path, sizeof path, "/run/netns/%s", name) >= (int)sizeof path) exit(2);
  const int netns = open(path, O_RDONLY | O_CLOEXEC);
  if (netns < 0) fail(path);
  if (setns(netns, CLONE_NEWNET) != 0) fail("setns");
  close(netns);
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) fail("socket");
  const int on = 1;
  if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on) != 0) fail("setsockopt");
  return fd;
}

// A request: nlmsghdr, the family's own header, attributes.
union message {
  struct nlmsghdr header;
  char bytes[128];
};

static inline void begin(union message* message, uint16_t type, uint16_t flags, const void* header, size_t size) {
  memset(message, 0, sizeof *message);
  message->header.nlmsg_len = (uint32_t)NLMSG_SPACE(size);
  message->header.nlmsg_type = type;
  message->header.nlmsg_flags = NLM_F_REQUEST | flags;
  memcpy(message->bytes + NLMSG_HDRLEN, header, size);
}

static inline void attribute(union message* message, uint16_t type, const void* data, size_t size) {
  const size_t at = message->header.nlmsg_len;
  if (at + RTA_SPACE(size) > sizeof *message) exit(2);
  const struct rtattr header = {.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = type};
  memcpy(message->bytes + at, &header, sizeof header);
  memcpy(message->bytes + at + RTA_LENGTH(0), data, size);
  message->header.nlmsg_len = (uint32_t)(at + RTA_SPACE(size));
}

static inline void send_all(int fd, const void* bytes, size_t size) {
  while (send(fd, bytes, size, 0) < 0) {
    if (errno != EINTR) fail("send");
  }
}

static inline size_t receive(int fd, void* buffer) {
  ssize_t size;
  while ((size = recv(fd, buffer, receive_size, 0)) < 0) {
    if (errno != EINTR) fail("recv");
  }
  return (size_t)size;
}

// Ends the program if the kernel refused something.
static inline void expect_no_error(const struct nlmsghdr* message) {
  if (message->nlmsg_type != NLMSG_ERROR) return;
  const struct nlmsgerr* answer = NLMSG_DATA(message);
  if (answer->error == 0) return;
  errno = -answer->error;
  fail("the kernel");
}

// Sends the request for a dump and counts the messages of the answer.
static inline long count_dump(int fd, const union message* request) {
  static char buffer[receive_size];
  send_all(fd, request, request->header.nlmsg_len);
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

// Dumps so often, and prints the nanoseconds that one dump took and the count of its messages.
static inline void measure_dump(int fd, const union message* request, long times) {
  long count = 0;
  const uint64_t since = nanoseconds();
  for (long i = 0; i < times; ++i)
    count = count_dump(fd, request);
  printf("%.1f %ld\n", (double)(nanoseconds() - since) / (double)times, count);
}
