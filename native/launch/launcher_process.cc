#include "launch/launcher_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

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

constexpr int kSocket = 3;  // the socket's number in a launcher that is started here
constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kLookMs = 50;
constexpr int kPatienceAtEndMs = 1000;

// The file actions and attributes of posix_spawn(3).
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    // A descriptor that has this number already keeps its close-on-exec flag if it is duplicated onto itself.
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

// Waits until there is something to receive.
Failure wait_for(int socket, pid_t pid) {
  const auto begun = std::chrono::steady_clock::now();
  while (true) {
    pollfd ready{socket, POLLIN, 0};
    const int polled = ::poll(&ready, 1, kLookMs);
    if (polled > 0) return {};
    Failure blind = polled < 0 && errno != EINTR ? failed("poll") : Failure{};
    // poll(2) gives EINVAL where RLIMIT_NOFILE is 0.
    if (blind.error == EINVAL) blind.error = EMFILE;
    const bool stopped = is_stopped(pid);
    if (!blind && !stopped && std::chrono::steady_clock::now() - begun < kPatience) continue;
    // A launch that is reported as failed must not run, nor answer the next request.
    ::kill(pid, SIGKILL);
    return blind ? blind : Failure{stopped ? EINTR : ETIMEDOUT, "launch"};
  }
}

Failure failure_of(const launch::Report& report) {
  return Failure{report.error, report.error == 0 ? nullptr : launch::name_of(report.step)};
}

// Receives a report with its text and descriptors. Returns the number of bytes, 0 at the end, as recvmsg(2).
ssize_t receive_report(int socket, int flags, launch::Report& report, Launched::Answer& answer) {
  char text[launch::kLargestMessage / 4];
  iovec parts[] = {{&report, sizeof report}, {text, sizeof text}};
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * launch::kMostDescriptors) + CMSG_SPACE(sizeof(ucred))];
  } control;
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
  } while (size < 0 && errno == EINTR);
  answer = Launched::Answer();
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); size > 0 && one; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET) continue;
    if (one->cmsg_type == SCM_CREDENTIALS) {
      ucred sender;
      std::memcpy(&sender, CMSG_DATA(one), sizeof sender);
      answer.sender = sender.pid;
    }
    const size_t count = one->cmsg_type == SCM_RIGHTS ? (one->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    for (size_t i = 0; i < count && i < answer.descriptors.size(); ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(one) + i * sizeof fd, sizeof fd);
      answer.descriptors[answer.count++] = Fd(fd);
    }
  }
  if (size < static_cast<ssize_t>(sizeof report)) return size;
  answer.value = report.value;
  answer.text.assign(text, static_cast<size_t>(size) - sizeof report);
  // This process had no room for one of the descriptors.
  if ((message.msg_flags & MSG_CTRUNC) != 0) report = {EMFILE, launch::Step::recvmsg, 0, 0};
  return size;
}

}  // namespace

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

Failure open_memory(size_t size, Fd& memory) {
  memory = Fd(static_cast<int>(::syscall(SYS_memfd_create, "netloom", 1U /* MFD_CLOEXEC */)));
  if (!memory) return failed("memfd_create");
  return ::ftruncate(memory.get(), static_cast<off_t>(size)) == 0 ? Failure{} : failed("ftruncate");
}

void set_launcher_path(const std::string& path) {
  const std::lock_guard lock(path_mutex);
  path_of_launcher = path;
}

Failure Launched::start(const LaunchPlan& plan) {
  end();
  Fd theirs;
  if (Failure failure = open_pair(socket_, theirs)) return failure;
  if (Failure failure = plan.send(socket_.get())) return failure;
  // Moved above the number that it gets in the child, so that it does not collide with others there.
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
  if (receive_report(socket_.get(), 0, report, answer) < static_cast<ssize_t>(sizeof report))
    return Failure{EPIPE, "launch"};
  return failure_of(report);
}

Failure Launched::ask(const launch::Request& request, std::string_view path, std::span<const int> descriptors,
                      Answer& answer) {
  const auto head = std::span(reinterpret_cast<const uint8_t*>(&request), sizeof request);
  const Failure failure = send_packet(socket_.get(), head, path, descriptors);
  if (failure) return failure.error == ECONNRESET || failure.error == ENOTCONN ? Failure{EPIPE, "launch"} : failure;
  return receive(answer);
}

void Launched::end() {
  socket_.reset();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  reap(std::exchange(pid_, 0));
}

Failure prepare_launch(LaunchPlan& plan, PreparedLaunch& launch) {
  if (Failure failure = open_pair(launch.ours, launch.theirs)) return failure;
  const int on = 1;
  if (::setsockopt(launch.ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return failed("setsockopt");
  if (plan.head.seccomp.size != 0) {
    if (Failure failure = open_memory(sizeof(launch::Report), launch.memory)) return failure;
    plan.pass(launch.memory.get());
  }
  return plan.send(launch.ours.get());
}

Failure await_launch(const PreparedLaunch& launch, pid_t pid) {
  while (true) {
    launch::Report report{};
    Launched::Answer answer;
    // After spawnSync all reports have arrived already.
    const ssize_t size = receive_report(launch.ours.get(), MSG_DONTWAIT, report, answer);
    if (size < 0 && errno == EAGAIN) {
      if (Failure failure = wait_for(launch.ours.get(), pid)) return failure;
      continue;
    }
    if (size < 0 && errno != ECONNRESET) {
      const Failure failure = failed("recvmsg");
      ::kill(pid, SIGKILL);
      return failure;
    }
    // The launcher's end of the socket is closed when the program is executed.
    const bool closed = size < static_cast<ssize_t>(sizeof report);
    if (closed && launch.memory && ::pread(launch.memory.get(), &report, sizeof report, 0) < 0) return failed("pread");
    if (report.error != 0) return failure_of(report);
    if (closed) return {};
  }
}

pid_t pid_of_launch(int ours) {
  pollfd ready{ours, POLLIN, 0};
  launch::Report report{};
  Launched::Answer answer;
  if (::poll(&ready, 1, kPatienceAtEndMs) > 0) (void)receive_report(ours, MSG_DONTWAIT, report, answer);
  return answer.sender;
}

}  // namespace netloom
