#include "launch/launch_plan.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdlib>
#include <cstring>

namespace netloom {

std::optional<LaunchPlan> LaunchPlan::read(std::span<const uint8_t> bytes) {
  LaunchPlan plan(launch::Task::run);
  if (bytes.size() < sizeof plan.head) return std::nullopt;
  std::memcpy(&plan.head, bytes.data(), sizeof plan.head);
  // join() and pass() set these, with the descriptors.
  plan.head.joined_count = plan.head.has_cgroup = 0;
  const auto rest = bytes.subspan(sizeof plan.head);
  plan.rest_.assign(rest.begin(), rest.end());
  const char* path = std::getenv("PATH");
  if ((plan.head.flags & launch::kHelpers) != 0 && path) plan.path_ = path;
  return plan;
}

Failure LaunchPlan::join(int kind, int fd) {
  if (head.joined_count >= launch::kMostJoined) return Failure{EINVAL, "setns"};
  head.joined[head.joined_count++] = kind;
  descriptors_.push_back(fd);
  return {};
}

Failure LaunchPlan::send(int socket) const {
  if (rest_.size() >= launch::kLargestMessage) return Failure{E2BIG, "launch"};
  return send_packet(socket, {reinterpret_cast<const uint8_t*>(&head), sizeof head}, rest_, descriptors_);
}

Failure send_packet(int socket, std::span<const uint8_t> head, std::string_view rest,
                    std::span<const int> descriptors) {
  iovec parts[] = {{const_cast<uint8_t*>(head.data()), head.size()}, {const_cast<char*>(rest.data()), rest.size()}};
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * launch::kMostDescriptors)];
  } control{};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  if (!descriptors.empty()) {
    const size_t size = descriptors.size_bytes();
    if (size > sizeof(int) * launch::kMostDescriptors) return Failure{EINVAL, "sendmsg"};
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(size);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(&control.header), descriptors.data(), size);
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return failed("sendmsg");
  }
  return {};
}

}  // namespace netloom
