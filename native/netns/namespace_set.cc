#include "netns/namespace_set.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "launch/launcher_process.h"
#include "netns/thread_home.h"

namespace netloom {
namespace {

// What a launcher needs to make a first process.
class FirstProcessMaker {
 public:
  FirstProcessMaker() = default;
  FirstProcessMaker(const FirstProcessMaker&) = delete;
  FirstProcessMaker& operator=(const FirstProcessMaker&) = delete;
  ~FirstProcessMaker() {
    if (page_ == MAP_FAILED) return;
    // A first process that was not taken is ended and reaped.
    (void)take();
    ::munmap(page_, sizeof(launch::MadePage));
  }

  Failure open(LaunchPlan& plan) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
    lifeline_ = Fd(ends[0]);
    ours_ = Fd(ends[1]);
    if (Failure failure = open_memory(sizeof(launch::MadePage), memory_)) return failure;
    page_ = ::mmap(nullptr, sizeof(launch::MadePage), PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
    if (page_ == MAP_FAILED) return failed("mmap");
    plan.pass(lifeline_.get());
    plan.pass(memory_.get());
    return {};
  }

  // The process, once the launcher has ended; null if there is none.
  std::shared_ptr<FirstProcess> take() {
    auto* made = static_cast<volatile launch::MadePage*>(page_);
    const pid_t pid = made->first;
    made->first = 0;
    return pid > 0 ? std::make_shared<FirstProcess>(pid, std::move(ours_)) : nullptr;
  }

 private:
  Fd lifeline_, ours_, memory_;
  void* page_ = MAP_FAILED;
};

}  // namespace

FirstProcess::~FirstProcess() {
  lifeline_.reset();
  ::kill(pid_, SIGKILL);
  reap(pid_);
}

Failure create_set(ThreadHome& thread, LaunchPlan plan, NamespaceSet& set) {
  const int kinds = plan.head.made;
  FirstProcessMaker first;
  const bool has_first = (kinds & CLONE_NEWPID) != 0;
  if (has_first) {
    if (Failure failure = first.open(plan)) return failure;
  }
  if (!thread.return_home()) return failed("setns");
  Launched launcher;
  if (Failure failure = launcher.start(plan)) return failure;
  Launched::Answer answer;
  const Failure failure = launcher.receive(answer);
  launcher.end();
  if (failure) return failure;
  uint32_t taken = 0;
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if ((kinds & kKinds[i].flag) != 0 && taken < answer.count) set.fds[i] = std::move(answer.descriptors[taken++]);
  }
  if (has_first) set.first = first.take();
  return has_first && !set.first ? Failure{ESRCH, "launch"} : Failure{};
}

}  // namespace netloom
