#include "launch/launcher_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>
#include <mutex>

namespace netloom {
namespace {

std::mutex path_mutex;
std::string path_of_launcher;

std::string launcher_path() {
  const std::lock_guard lock(path_mutex);
  return path_of_launcher;
}

constexpr int kSocket = 3;  // of one that is started here
constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kLookMs = 50;
constexpr int kPatienceAtEndMs = 1000;

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

// Where posix_spawn is told what the new process has.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    // One that has the number already would keep its close-on-exec flag, were it duplicated onto itself.
    posix_spawn_file_actions_adddup2(&files, socket, kSocket);
    for (const int fd : {0, 1, 2})
      posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

Failure open_pair(Fd& ours, Fd& theirs) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
  ours = Fd(ends[0]);
  theirs = Fd(ends[1]);
  return {};
}

bool is_stopped(pid_t pid) {
  siginfo_t info = {};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid &&
         info.si_code == CLD_STOPPED;
}

// Until there is something to receive.
Failure wait_for(int socket, pid_t pid) {
  const auto begun = std::chrono::steady_clock::now();
  while (true) {
    pollfd ready{socket, POLLIN, 0};
    const int polled = ::poll(&ready, 1, kLookMs);
    if (polled > 0) return {};
    Failure blind = polled < 0 && errno != EINTR ? failed("poll") : Failure{};
    // What poll(2) says where a process may have no descriptors.
    if (blind.error == EINVAL) blind.error = EMFILE;
    const bool stopped = is_stopped(pid);
    if (!blind && !stopped && std::chrono::steady_clock::now() - begun < kPatience) continue;
    // What is said to have failed shall not run, nor answer the next question.
    ::kill(pid, SIGKILL);
    return blind ? blind : Failure{stopped ? EINTR : ETIMEDOUT, "launch"};
  }
}

Failure failure_of(const launch::Report& report) {
  return Failure{report.error, report.error == 0 ? nullptr : launch::name_of(report.step)};
}

}  // namespace

void set_launcher_path(const std::string& path) {
  const std::lock_guard lock(path_mutex);
  path_of_launcher = path;
}

Launched& Launched::operator=(Launched&& other) noexcept {
  if (this == &other) return *this;
  end();
  pid_ = std::exchange(other.pid_, 0);
  socket_ = std::move(other.socket_);
  return *this;
}

Failure Launched::start(const LaunchPlan& plan) {
  end();
  Fd theirs;
  if (Failure failure = open_pair(socket_, theirs)) return failure;
  if (Failure failure = plan.send(socket_.get())) return failure;
  // A descriptor that is below the number that it is to have, or is that one, would be in the way of others.
  Fd moved(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kSocket + 1));
  if (!moved) return failed("fcntl");
  theirs.reset();
  const std::string program = launcher_path();
  std::string name = "netloom-launcher", number = std::to_string(kSocket), variable = "PATH=" + plan.path();
  char* arguments[] = {name.data(), number.data(), nullptr};
  char* environment[] = {plan.path().empty() ? nullptr : variable.data(), nullptr};
  const SpawnSettings settings(moved.get());
  const int error =
      ::posix_spawn(&pid_, program.c_str(), &settings.files, &settings.attributes, arguments, environment);
  if (error == 0) return {};
  pid_ = 0;
  socket_.reset();
  return Failure{error, "posix_spawn (netloom-launcher)"};
}

Failure Launched::receive(Answer& answer) {
  if (Failure failure = wait_for(socket_.get(), pid_)) return failure;
  launch::Report report{};
  char text[launch::kLargestMessage / 4];
  iovec parts[] = {{&report, sizeof report}, {text, sizeof text}};
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * launch::kMostDescriptors)];
  } control;
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  answer = Answer();
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); size > 0 && one; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count && i < answer.descriptors.size(); ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(one) + i * sizeof fd, sizeof fd);
      answer.descriptors[answer.count++] = Fd(fd);
    }
  }
  if (size < static_cast<ssize_t>(sizeof report)) return Failure{EPIPE, "launch"};
  // There was no room for one of the descriptors.
  if ((message.msg_flags & MSG_CTRUNC) != 0) return Failure{EMFILE, "recvmsg"};
  answer.value = report.value;
  answer.text.assign(text, static_cast<size_t>(size) - sizeof report);
  return failure_of(report);
}

Failure Launched::ask(const launch::Request& request, std::string_view path, std::span<const int> descriptors) {
  const auto head = std::span(reinterpret_cast<const uint8_t*>(&request), sizeof request);
  const Failure failure = send_packet(socket_.get(), head, path, descriptors);
  return failure.error == ECONNRESET || failure.error == ENOTCONN ? Failure{EPIPE, "launch"} : failure;
}

void Launched::end() {
  socket_.reset();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  reap(std::exchange(pid_, 0));
}

Failure prepare_launch(const LaunchPlan& plan, Fd& ours, Fd& theirs) {
  if (Failure failure = open_pair(ours, theirs)) return failure;
  const int on = 1;
  if (::setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return failed("setsockopt");
  return plan.send(ours.get());
}

Failure await_launch(int ours, pid_t pid) {
  while (true) {
    launch::Report report{};
    // One that was run to its end has said all: nothing is waited for.
    const ssize_t size = ::recv(ours, &report, sizeof report, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      if (Failure failure = wait_for(ours, pid)) return failure;
      continue;
    }
    if (size < 0 && errno != ECONNRESET) {
      const Failure failure = failed("recv");
      ::kill(pid, SIGKILL);
      return failure;
    }
    // Its end is closed when the program is executed.
    if (size != sizeof report) return {};
    if (report.error != 0) return failure_of(report);
  }
}

pid_t pid_of_launch(int ours) {
  pollfd ready{ours, POLLIN, 0};
  launch::Report report{};
  iovec part{&report, sizeof report};
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(ucred))];
  } control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  if (::poll(&ready, 1, kPatienceAtEndMs) <= 0 || ::recvmsg(ours, &message, MSG_DONTWAIT) <= 0) return 0;
  const cmsghdr* first = CMSG_FIRSTHDR(&message);
  if (!first || first->cmsg_level != SOL_SOCKET || first->cmsg_type != SCM_CREDENTIALS) return 0;
  ucred sender;
  std::memcpy(&sender, CMSG_DATA(first), sizeof sender);
  return sender.pid;
}

}  // namespace netloom
