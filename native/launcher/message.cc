// Sends and receives packets with descriptors.
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

alignas(16) char buffer[kLargestMessage];

union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * kMostDescriptors)];
};

}  // namespace

long receive(int socket, void* head, size_t size, int* descriptors, uint32_t& descriptor_count, char*& rest,
             size_t& rest_size) {
  iovec parts[] = {{head, size}, {buffer, sizeof buffer - 1}};
  Control control;
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  long received = 0;
  do {
    received = call(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC);
  } while (received == -EINTR);
  descriptor_count = 0;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); received > 0 && one; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    descriptor_count = static_cast<uint32_t>((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    __builtin_memcpy(descriptors, CMSG_DATA(one), descriptor_count * sizeof(int));
  }
  if (received < 0) return received;
  if ((message.msg_flags & MSG_CTRUNC) != 0) return -EMFILE;
  if (received < static_cast<long>(size) || (message.msg_flags & MSG_TRUNC) != 0) return -EBADMSG;
  rest = buffer;
  rest_size = static_cast<size_t>(received) - size;
  buffer[rest_size] = 0;
  return 0;
}

void report(int socket, Failure failure, int value, const char* text, uint32_t size, const int* descriptors,
            uint32_t descriptor_count) {
  Report head{failure.error, failure.step, value, size};
  iovec parts[] = {{&head, sizeof head}, {const_cast<char*>(text), size}};
  Control control{};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = size == 0 ? 1 : 2;
  if (descriptor_count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
    __builtin_memcpy(CMSG_DATA(&control.header), descriptors, descriptor_count * sizeof(int));
  }
  // Not for ever: a seccomp filter may return EINTR each time.
  for (int tries = 0; tries < 100 && call(SYS_sendmsg, socket, &message, MSG_NOSIGNAL) == -EINTR;)
    ++tries;
}

void fail(int socket, Failure failure) {
  report(socket, failure);
  exit(127);
}

}  // namespace netloom::launch
