// The plan of a launch: one message to the launcher, with descriptors. See launcher/plan.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "launcher/plan.h"

namespace netloom {

class LaunchPlan {
 public:
  explicit LaunchPlan(launch::Task task) : head() { head.task = task; }
  // Reads a plan that lib/native/launch_plan.ts has encoded. Only on JavaScript's thread, as it reads the environment
  // variables. Nothing if it is shorter than the head of a plan.
  static std::optional<LaunchPlan> read(std::span<const uint8_t> bytes);

  launch::Plan head;
  // The bytes behind the head, to which the head's `Part`s refer.
  const std::string& rest() const { return rest_; }
  // PATH, where the launcher searches for newuidmap(1) if it may run it.
  const std::string& path() const { return path_; }

  // Joins a namespace; does not own `fd`, which has to stay open until the plan is sent. EINVAL: there are too many.
  Failure join(int kind, int fd);
  // Adds another descriptor, behind those of all joined namespaces.
  void pass(int fd) { descriptors_.push_back(fd); }
  // E2BIG: it is larger than a message may be.
  Failure send(int socket) const;

 private:
  std::string rest_ = std::string(1, '\0');
  std::string path_;
  std::vector<int> descriptors_;
};

// Sends a message that begins with `head`, with descriptors.
Failure send_packet(int socket, std::span<const uint8_t> head, std::string_view rest, std::span<const int> descriptors);

}  // namespace netloom
