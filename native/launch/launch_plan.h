// What a launcher is told to do, as one message with descriptors: see launcher/plan.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "launcher/plan.h"

namespace netloom {

class LaunchPlan {
 public:
  using Text = launch::Part launch::Plan::*;

  explicit LaunchPlan(launch::Task task) : head() { head.task = task; }

  launch::Plan head;
  // A namespace, which stays the caller's until the plan is sent. EINVAL: there are too many.
  Failure join(int kind, int fd);
  // Another descriptor, behind all that are joined.
  void pass(int fd) { descriptors_.push_back(fd); }
  void set(Text part, std::string_view text);
  void set_bytes(Text part, const void* bytes, size_t size);
  // E2BIG: it is larger than a message may be.
  Failure send(int socket) const;

 private:
  std::string rest_ = std::string(1, '\0');
  std::vector<int> descriptors_;
};

// Sends a message that begins with `head`, with descriptors.
Failure send_packet(int socket, std::span<const uint8_t> head, std::string_view rest, std::span<const int> descriptors);

}  // namespace netloom
