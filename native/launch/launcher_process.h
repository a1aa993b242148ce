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
  };

  Launched() = default;
  Launched(Launched&& other) noexcept { *this = std::move(other); }
  Launched& operator=(Launched&& other) noexcept;
  // Ends it, and waits for that.
  ~Launched() { end(); }

  // Starts one, from a thread that is at home.
  Failure start(const LaunchPlan& plan);
  // A launcher that is killed, or ends without an answer: EPIPE of "launch". Whoever is inside cannot hold this up: a
  // launcher that somebody has stopped, or that takes longer than anything may, is ended: EINTR, ETIMEDOUT.
  Failure receive(Answer& answer);
  Failure ask(const launch::Request& request, std::string_view path, std::span<const int> descriptors);
  bool is_running() const { return pid_ > 0; }
  void end();

 private:
  pid_t pid_ = 0;
  Fd socket_;
};

// Whether a launcher has gone before it had answered.
inline bool is_gone(const Failure& failure) {
  return failure.error == EPIPE || failure.error == EINTR;
}

// What a process is started with by somebody else, with the launcher as its program: `ours` tells how that ended
// (await_launch), `theirs` is the descriptor that the launcher is to have.
Failure prepare_launch(const LaunchPlan& plan, Fd& ours, Fd& theirs);
// Waits until the program of a launcher runs, or says why it does not; no longer than Launched::receive.
Failure await_launch(int ours, pid_t pid);
// Which process is the launcher of a launch that was begun and not awaited; 0 if it was not begun.
pid_t pid_of_launch(int ours);

}  // namespace netloom
