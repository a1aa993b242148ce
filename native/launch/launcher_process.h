// A launcher that this process has started: the program that enters namespaces of others in its place, with memory of
// its own (native/launcher/).
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

// Where the program is, for all environments of the process.
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
  // A launcher that is killed, or ends without an answer: EPIPE of "launch". A process inside cannot delay this: a
  // launcher that was stopped by a signal, or that takes longer than kPatience, is killed: EINTR, ETIMEDOUT.
  Failure receive(Answer& answer);
  // The first answer, of several.
  Failure ask(const launch::Request& request, std::string_view path, std::span<const int> descriptors, Answer& answer);
  bool is_running() const { return pid_ > 0; }
  void end();

 private:
  pid_t pid_ = 0;
  Fd socket_;
};

// Whether a launcher has ended before it had answered.
inline bool is_gone(const Failure& failure) {
  return failure.error == EPIPE || failure.error == EINTR;
}

// A launch whose process Node starts, with the launcher as its program.
struct PreparedLaunch {
  Fd ours;    // reports arrive here
  Fd theirs;  // the launcher's end
  Fd memory;  // of a Report, where a filter of system calls may deny sendmsg(2)
};
Failure prepare_launch(LaunchPlan& plan, PreparedLaunch& launch);
// Waits until the program of a launcher runs, or says why it does not; no longer than Launched::receive.
Failure await_launch(const PreparedLaunch& launch, pid_t pid);
// Which process is the launcher of a launch that was begun and not awaited; 0 if it was not begun.
pid_t pid_of_launch(int ours);

// Memory that a launcher may share.
Failure open_memory(size_t size, Fd& memory);
void reap(pid_t pid);

}  // namespace netloom
