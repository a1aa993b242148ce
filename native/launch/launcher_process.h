// A launcher that this process has started: the program (native/launcher/) that enters namespaces of others in place of
// this process, in an address space of its own.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "base/fd.h"
#include "launch/launch_plan.h"

namespace netloom {

// Sets the path of the program, for all environments of the process.
void set_launcher_path(const std::string& path);

class Launched {
 public:
  struct Answer {
    int value = 0;
    std::string text;
    std::array<Fd, launch::kMostDescriptors> descriptors;
    uint32_t count = 0;
    pid_t sender = 0;  // with SO_PASSCRED
  };

  Launched() = default;
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;
  // Kills it and reaps it.
  ~Launched() { end(); }

  // Starts one, from a thread that is at home.
  Failure start(const LaunchPlan& plan);
  // Receives one answer. EPIPE of "launch" if the launcher was killed, or ended without an answer. A process inside
  // cannot delay this: a launcher that a signal has stopped is killed (EINTR), and so is one that takes longer than
  // kPatience (ETIMEDOUT).
  Failure receive(Answer& answer);
  // Sends a request and receives the first answer; there may be more.
  Failure ask(const launch::Request& request, std::string_view path, std::span<const int> descriptors, Answer& answer);
  bool is_running() const { return pid_ > 0; }
  void end();

 private:
  pid_t pid_ = 0;
  Fd socket_;
};

// Whether a launcher has ended before it has answered.
inline bool is_gone(const Failure& failure) {
  return failure.error == EPIPE || failure.error == EINTR;
}

// A launch whose process Node starts, with the launcher as its program.
struct PreparedLaunch {
  Fd ours;    // reports arrive here
  Fd theirs;  // the launcher's end
  Fd memory;  // shared, for a Report where a seccomp filter may deny sendmsg(2)
};
Failure prepare_launch(LaunchPlan& plan, PreparedLaunch& launch);
// Waits until the launcher has executed its program, or has failed; no longer than Launched::receive.
Failure await_launch(const PreparedLaunch& launch, pid_t pid);
// The pid of the launcher of a launch that was started and not awaited; 0 if it was not started.
pid_t pid_of_launch(int ours);

// Opens memory to share with a launcher.
Failure open_memory(size_t size, Fd& memory);
void reap(pid_t pid);

}  // namespace netloom
