#include "namespace_set.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "thread_start.h"

namespace netloom {
namespace {

// Memory that a child which is a copy of this process shares with it.
template <class Content>
class SharedMemory {
 public:
  SharedMemory()
      : memory_(::mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (*this) new (memory_) Content();
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() {
    if (*this) ::munmap(memory_, sizeof(Content));
  }
  explicit operator bool() const { return memory_ != MAP_FAILED; }
  Content* operator->() const { return static_cast<Content*>(memory_); }
  Content* get() const { return static_cast<Content*>(memory_); }

 private:
  void* memory_;
};

struct Pipe {
  Fd out, in;
  Failure open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
    out = Fd(ends[0]);
    in = Fd(ends[1]);
    return {};
  }
};

// What parent and child know of each other. The child is a copy of one thread of a process that had others: it may use
// nothing but system calls, for a lock may be another thread's, who is not there.
struct Work {
  const SetRequest* request;
  int go, done, lifeline;
  Failure failure;
  std::array<int, kKinds.size()> fds{-1, -1, -1, -1, -1, -1, -1, -1};
};

[[noreturn]] void end_copy() {
  while (true)
    ::_exit(0);
}

Failure write_whole(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return failed("open");
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const Failure failure = written ? Failure{} : failed("write");
  ::close(fd);
  return failure;
}

// The number by which the kernel tells which mount namespace is older; 0 before Linux 6.11, which does not say.
uint64_t number_of_mounts() {
  constexpr unsigned long kGetMountNamespaceId = _IOR(NSIO, 0x5, uint64_t);  // NS_GET_MNTNS_ID
  const int fd = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  uint64_t number = 0;
  if (fd < 0 || ::ioctl(fd, kGetMountNamespaceId, &number) != 0) number = 0;
  ::close(fd);
  return number;
}

// A mount namespace can be pinned only within an older one, or it could hold itself; and since Linux 6.18 each core
// numbers what is made there out of a stock of its own, so that what is newer may have the smaller number. On the core
// where our own got its number there are only larger ones left, and perhaps on others.
void have_newer_mounts(uint64_t ours) {
  cpu_set_t before;
  if (number_of_mounts() > ours || ::sched_getaffinity(0, sizeof before, &before) != 0) return;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) continue;
    if (::unshare(CLONE_NEWNS) == 0 && number_of_mounts() > ours) break;
  }
  ::sched_setaffinity(0, sizeof before, &before);
}

Failure unshare_all(int kinds) {
  const uint64_t ours = (kinds & CLONE_NEWNS) != 0 ? number_of_mounts() : 0;
  if (kinds != 0 && ::unshare(kinds) != 0) return failed("unshare");
  if (ours != 0) have_newer_mounts(ours);
  return {};
}

Failure make_all(Work& work) {
  const SetRequest& request = *work.request;
  // The user and the pid namespace are those in which this child began.
  const int rest = request.kinds & ~(CLONE_NEWUSER | CLONE_NEWPID);
  if (Failure failure = unshare_all(rest)) return failure;
  if (!request.host.empty() && ::sethostname(request.host.data(), request.host.size()) != 0)
    return failed("sethostname");
  if (!request.domain.empty() && ::setdomainname(request.domain.data(), request.domain.size()) != 0)
    return failed("setdomainname");
  // As unshare(1) does it: what is mounted there is nobody else's.
  if ((rest & CLONE_NEWNS) != 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return failed("mount");
  if (!request.offsets.empty()) {
    if (Failure failure = write_whole("/proc/self/timens_offsets", request.offsets)) return failure;
  }
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if ((request.kinds & kKinds[i].flag) == 0) continue;
    char path[64] = "/proc/self/ns/";
    char* end = path + 14;
    for (const char* letter = kKinds[i].name; *letter; ++letter)
      *end++ = *letter;
    if (kKinds[i].flag == CLONE_NEWTIME) {
      for (const char* letter = "_for_children"; *letter; ++letter)
        *end++ = *letter;
    }
    work.fds[i] = ::open(path, O_RDONLY | O_CLOEXEC);
    if (work.fds[i] < 0) return failed("open");
  }
  return {};
}

// Stays, with no descriptor but the lifeline, until that ends.
[[noreturn]] void live(int lifeline) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, nullptr);  // children, of others too, are reaped by the kernel
  (void)::prctl(PR_SET_NAME, "netloom-first");
  ::setsid();
  (void)!::chdir("/");
  const auto keep = static_cast<unsigned>(lifeline);
  const bool closed = (keep == 0 || ::syscall(SYS_close_range, 0u, keep - 1, 0u) == 0) &&
                      ::syscall(SYS_close_range, keep + 1, ~0u, 0u) == 0;
  char byte;
  if (closed) {
    while (::read(lifeline, &byte, 1) < 0 && errno == EINTR) {
    }
  }
  end_copy();
}

int run_copy(void* argument) {
  Work& work = *static_cast<Work*>(argument);
  char byte = 0;
  (void)!::read(work.go, &byte, 1);
  if (byte != 'g') end_copy();
  work.failure = make_all(work);
  // Who stays gets descriptors of its own before the parent goes on, and closes its own.
  if (!work.failure && (work.request->kinds & CLONE_NEWPID) != 0 && ::unshare(CLONE_FILES) != 0)
    work.failure = failed("unshare");
  const bool stays = !work.failure && (work.request->kinds & CLONE_NEWPID) != 0;
  const int lifeline = work.lifeline;
  (void)!::write(work.done, "d", 1);
  if (stays) live(lifeline);
  end_copy();
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

// Waits until the child has done its work; false if it ended before.
bool wait_for_work(pid_t pid, int done) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd either[] = {{done, POLLIN, 0}, {pidfd.get(), POLLIN, 0}};
  while (::poll(either, 2, -1) < 0 && errno == EINTR) {
  }
  return (either[0].revents & POLLIN) != 0;
}

}  // namespace

FirstProcess::~FirstProcess() {
  lifeline_.reset();
  ::kill(pid_, SIGKILL);
  reap(pid_);
}

Failure create_set(ChildStack& stack, const SetRequest& request, NamespaceSet& set) {
  if (Failure failure = stack.make()) return failure;
  const SharedMemory<Work> work;
  if (!work) return failed("mmap");
  Pipe go, done, life;
  for (Pipe* pipe : {&go, &done, &life}) {
    if (Failure failure = pipe->open()) return failure;
  }
  work->request = &request;
  work->go = go.out.get();
  work->done = done.in.get();
  work->lifeline = life.out.get();
  pid_t pid;
  {
    const SignalsBlocked blocked;
    pid = ::clone(run_copy, stack.top(), CLONE_FILES | (request.kinds & (CLONE_NEWUSER | CLONE_NEWPID)), work.get());
  }
  if (pid < 0) return failed("clone");
  Failure failure = (request.kinds & CLONE_NEWUSER) != 0 ? write_id_maps(pid, request.maps) : Failure{};
  (void)!::write(go.in.get(), failure ? "x" : "g", 1);
  const bool worked = !failure && wait_for_work(pid, done.out.get());
  for (size_t i = 0; i < kKinds.size(); ++i)
    set.fds[i] = Fd(work->fds[i]);
  if (!failure) failure = worked ? work->failure : Failure{EIO, "clone"};
  if (!failure && (request.kinds & CLONE_NEWPID) != 0) {
    set.first = std::make_shared<FirstProcess>(pid, std::move(life.in));
    return {};
  }
  reap(pid);
  return failure;
}

namespace {

struct Reading {
  int time;
  int user;
  Failure failure;
  ssize_t size = 0;
  char text[256];
};

int read_copy(void* argument) {
  Reading& reading = *static_cast<Reading*>(argument);
  const auto read_all = [&]() -> Failure {
    if (::setns(reading.time, CLONE_NEWTIME) != 0) {
      const Failure failure = failed("setns");
      if (failure.error != EPERM || ::setns(reading.user, CLONE_NEWUSER) != 0) return failure;
      if (::setns(reading.time, CLONE_NEWTIME) != 0) return failed("setns");
    }
    const int fd = ::open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed("open");
    reading.size = ::read(fd, reading.text, sizeof reading.text);
    const Failure failure = reading.size < 0 ? failed("read") : Failure{};
    ::close(fd);
    return failure;
  };
  reading.failure = read_all();
  end_copy();
}

}  // namespace

Failure read_offsets(ChildStack& stack, int time, int user, std::string& offsets) {
  if (Failure failure = stack.make()) return failure;
  const SharedMemory<Reading> reading;
  if (!reading) return failed("mmap");
  reading->time = time;
  reading->user = user;
  reading->failure = Failure{EIO, "clone"};
  const SignalsBlocked blocked;
  // Not with CLONE_VM: only a process whose memory is its own enters a time namespace.
  const pid_t pid = ::clone(read_copy, stack.top(), CLONE_FILES, reading.get());
  if (pid < 0) return failed("clone");
  reap(pid);
  if (!reading->failure) offsets.assign(reading->text, static_cast<size_t>(reading->size));
  return reading->failure;
}

}  // namespace netloom
