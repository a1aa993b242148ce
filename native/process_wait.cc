#include "process_wait.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace netloom {
namespace {

using Clock = std::chrono::steady_clock;

class Waiting {
 public:
  Waiting(StartedProcess& process, const std::vector<PipeUse>& uses, const WaitLimits& limits)
      : process_(process), uses_(uses), limits_(limits), begun_(Clock::now()) {
    waited_.outputs.resize(uses.size());
    written_.resize(uses.size());
    for (Fd& end : process.ends) {
      if (end) (void)::fcntl(end.get(), F_SETFL, O_NONBLOCK);
    }
  }

  Waited run() {
    for (size_t i = 0; i < process_.ends.size(); ++i) {
      if (process_.ends[i]) write_to(i);
    }
    while (!ended_ || is_open())
      turn();
    if (waited_.error == 0) waited_.error = pipe_error_;
    return std::move(waited_);
  }

 private:
  bool is_open() const {
    return std::any_of(process_.ends.begin(), process_.ends.end(),
                       [](const Fd& end) { return static_cast<bool>(end); });
  }

  void turn() {
    std::vector<pollfd> polled;
    std::vector<size_t> indexes;
    for (size_t i = 0; i < process_.ends.size(); ++i) {
      if (!process_.ends[i]) continue;
      const bool more = uses_[i].reads && written_[i] < uses_[i].input.size();
      const int events = (more ? POLLOUT : 0) | (uses_[i].writes ? POLLIN : 0);
      polled.push_back({process_.ends[i].get(), static_cast<short>(events), 0});
      indexes.push_back(i);
    }
    if (!ended_) polled.push_back({process_.pidfd.get(), POLLIN, 0});
    const int left = time_left();
    const int ready = left == 0 ? 0 : ::poll(polled.data(), polled.size(), left);
    if (ready < 0) return;  // EINTR
    if (ready == 0) {
      if (is_limited()) stop(ETIMEDOUT);
      return;
    }
    if (!ended_ && polled.back().revents != 0) ended_ = take_end(process_.pidfd.get(), waited_.code, waited_.signal);
    for (size_t at = 0; at < indexes.size(); ++at) {
      const size_t i = indexes[at];
      if (polled[at].revents == 0 || !process_.ends[i]) continue;
      if (uses_[i].reads && (polled[at].revents & (POLLOUT | POLLERR | POLLHUP)) != 0) write_to(i);
      if (uses_[i].writes && process_.ends[i]) read_from(i);
    }
  }

  // A limit of time is one of the process, not of who else has its pipes.
  bool is_limited() const { return limits_.milliseconds > 0 && !ended_ && !stopped_; }

  // For poll(2): -1 without a limit.
  int time_left() const {
    if (!is_limited()) return -1;
    const std::chrono::duration<double, std::milli> passed = Clock::now() - begun_;
    return static_cast<int>(std::clamp(std::ceil(limits_.milliseconds - passed.count()), 0.0, 1e9));
  }

  // When all is written its reader is to find the end.
  void write_to(size_t i) {
    const std::span<const uint8_t> input = uses_[i].reads ? uses_[i].input : std::span<const uint8_t>();
    while (written_[i] < input.size()) {
      const auto rest = input.subspan(written_[i]);
      const ssize_t count = ::send(process_.ends[i].get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count < 0) {
        fail_pipe(i, errno);
        return;
      }
      written_[i] += static_cast<size_t>(count);
    }
    if (!uses_[i].writes) {
      process_.ends[i].reset();
    } else if (uses_[i].reads) {
      (void)::shutdown(process_.ends[i].get(), SHUT_WR);
    }
  }

  void read_from(size_t i) {
    static constexpr size_t kPiece = 64 * 1024;
    std::vector<uint8_t>& output = waited_.outputs[i];
    const size_t size = output.size();
    output.resize(size + kPiece);
    const ssize_t count = ::recv(process_.ends[i].get(), output.data() + size, kPiece, 0);
    const int error = errno;
    output.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && (error == EAGAIN || error == EINTR)) return;
    if (count < 0) {
      fail_pipe(i, error);
    } else if (count == 0) {
      process_.ends[i].reset();
    } else {
      received_ += static_cast<double>(count);
      if (limits_.bytes > 0 && received_ > limits_.bytes) stop(ENOBUFS);
    }
  }

  void fail_pipe(size_t i, int error) {
    process_.ends[i].reset();
    if (pipe_error_ == 0) pipe_error_ = error;
  }

  // The signal comes first: without readers it might end by SIGPIPE.
  void stop(int error) {
    if (waited_.error == 0) waited_.error = error;
    if (!stopped_ && !ended_ && send_signal(limits_.signal) != 0 && errno != ESRCH) {
      waited_.error = errno;
      (void)send_signal(SIGKILL);
    }
    stopped_ = true;
    for (Fd& end : process_.ends)
      end.reset();
  }

  long send_signal(int number) const {
    return ::syscall(SYS_pidfd_send_signal, process_.pidfd.get(), number, nullptr, 0);
  }

  StartedProcess& process_;
  const std::vector<PipeUse>& uses_;
  const WaitLimits limits_;
  const Clock::time_point begun_;
  std::vector<size_t> written_;
  Waited waited_;
  double received_ = 0;
  int pipe_error_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace

Waited wait_for(StartedProcess& process, const std::vector<PipeUse>& uses, const WaitLimits& limits) {
  return Waiting(process, uses, limits).run();
}

}  // namespace netloom
