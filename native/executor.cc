#include "executor.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "lock_briefly.h"

namespace netloom {
namespace {

using Clock = std::chrono::steady_clock;

// A thread without work ends after this time; the next job starts another (30 µs).
constexpr auto kIdleTime = std::chrono::milliseconds(500);
// Before it sleeps a thread looks for another job: to wake it takes 50 µs where a core that sleeps is a virtual one. It
// looks for long only if its last job came that soon too, so that calls one after another find it awake and a single
// call costs next to nothing.
constexpr auto kShortLook = std::chrono::microseconds(20);
constexpr auto kLongLook = std::chrono::microseconds(200);
// How long JavaScript's thread waits for a job before it goes on. Look-ups take 5 to 10 µs.
constexpr auto kBriefly = std::chrono::microseconds(25);
// After so many waits in vain, one after another, 2^n calls go by before the next one is tried.
constexpr unsigned kMostVainWaits = 3;

constexpr std::array<const char*, kLaneCount> kNames = {"netloom-change", "netloom-look", "netloom-read",
                                                        "netloom-remove", "netloom-supply"};

// A new thread inherits the signal mask: ours take no signal that is meant for the process.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

uint64_t Executor::submit(JobPointer job, LaneName lane, std::vector<Use> uses, const OpenHome& home, bool take) {
  job->lane_ = lane;
  job->uses_ = std::move(uses);
  uint64_t id;
  bool hire;
  {
    const auto lock = lock_briefly(mutex_);
    id = job->id_ = ++last_id_;
    Lane& target = lanes_[static_cast<size_t>(lane)];
    ++target.assigned;
    hire = target.threads == 0;
    if (take) awaited_ = job.get();
    job->blockers_ = order_.enter(job, job->uses_);
    if (job->blockers_ == 0) make_ready(job);
  }
  lanes_[static_cast<size_t>(lane)].filled.notify_one();
  if (hire) staff(home);
  return id;
}

void Executor::make_ready(const JobPointer& job) {
  Lane& lane = lanes_[static_cast<size_t>(job->lane_)];
  lane.ready.push_back(job);
  lane.waiting.store(lane.ready.size(), std::memory_order_release);
}

bool Executor::expects_brief(LaneName name) {
  static const bool alone = std::thread::hardware_concurrency() < 2;
  Lane& lane = lanes_[static_cast<size_t>(name)];
  if (alone || name == LaneName::supply) return false;
  if (lane.calls_to_skip == 0) return true;
  --lane.calls_to_skip;
  return false;
}

bool Executor::wait_briefly(const JobPointer& job, bool take) {
  Lane& lane = lanes_[static_cast<size_t>(job->lane_)];
  const auto until = Clock::now() + kBriefly;
  while (!job->over_.load(std::memory_order_acquire)) {
    if (Clock::now() < until) {
      relax();
      continue;
    }
    lane.calls_to_skip = 1u << lane.vain_waits;
    lane.vain_waits = std::min(lane.vain_waits + 1, kMostVainWaits);
    const auto lock = lock_briefly(mutex_);
    const bool taken = take && awaited_ == nullptr;
    awaited_ = nullptr;
    return taken;
  }
  lane.vain_waits = 0;
  return take;
}

Executor::Cancelled Executor::cancel(const JobPointer& job) {
  const auto lock = lock_briefly(mutex_);
  if (job->state_ == Job::State::finished) return Cancelled::too_late;
  if (job->state_ == Job::State::running && job->interrupt()) return Cancelled::interrupted;
  job->abandoned_ = true;
  return job->state_ == Job::State::queued ? Cancelled::before_start : Cancelled::while_running;
}

std::vector<JobPointer> Executor::collect(size_t most) {
  const auto lock = lock_briefly(mutex_);
  const auto end = finished_.begin() + static_cast<ptrdiff_t>(std::min(most, finished_.size()));
  std::vector<JobPointer> collected(std::make_move_iterator(finished_.begin()), std::make_move_iterator(end));
  finished_.erase(finished_.begin(), end);
  if (!finished_.empty()) wake_();
  return collected;
}

void Executor::staff(const OpenHome& home) {
  auto lock = lock_briefly(mutex_);
  for (auto worker = threads_.begin(); worker != threads_.end();) {
    if (!worker->ended) {
      ++worker;
      continue;
    }
    // It gave up the lock for the last time with `ended`, so this does not wait for more than its last instructions.
    pthread_join(worker->thread, nullptr);
    worker = threads_.erase(worker);
  }
  for (size_t i = 0; i < kLaneCount && !stopping_; ++i) {
    Lane& lane = lanes_[i];
    if (lane.assigned == 0 || lane.threads > 0) continue;
    if (!home_) home_ = std::make_shared<const Home>(home());
    if (start(threads_.emplace_back(Worker{*this, static_cast<LaneName>(i), home_}))) {
      ++lane.threads;
      continue;
    }
    const Failure failure = failed("pthread_create");
    threads_.pop_back();
    for (const JobPointer& job : std::exchange(lane.ready, {})) {
      job->failure = failure;
      finish(job, lock);
    }
    lane.waiting.store(lane.ready.size(), std::memory_order_release);
  }
  if (threads_.empty()) home_.reset();
}

bool Executor::start(Worker& worker) {
  SignalsBlocked blocked;
  const auto run = [](void* worker) -> void* {
    auto& self = *static_cast<Worker*>(worker);
    self.executor.work(self);
    return nullptr;
  };
  errno = pthread_create(&worker.thread, nullptr, run, &worker);
  if (errno != 0) return false;
  pthread_setname_np(worker.thread, kNames[static_cast<size_t>(worker.lane)]);
  return true;
}

JobPointer Executor::next(Lane& lane, bool& eager, std::unique_lock<std::mutex>& lock) {
  const auto begin = Clock::now();
  if (lane.ready.empty() && !stopping_) {
    lock.unlock();
    const auto until = begin + (eager ? kLongLook : kShortLook);
    while (lane.waiting.load(std::memory_order_acquire) == 0 && !stopping_ && Clock::now() < until)
      relax();
    lock = lock_briefly(mutex_);
  }
  while (lane.ready.empty() && !stopping_) {
    const bool idle = lane.filled.wait_for(lock, kIdleTime) == std::cv_status::timeout;
    // An assigned job may still wait for one on another lane.
    if (idle && lane.assigned == 0) return nullptr;
  }
  if (stopping_) return nullptr;
  eager = Clock::now() - begin < kLongLook;
  JobPointer job = std::move(lane.ready.front());
  lane.ready.pop_front();
  lane.waiting.store(lane.ready.size(), std::memory_order_release);
  return job;
}

void Executor::work(Worker& self) {
  Lane& lane = lanes_[static_cast<size_t>(self.lane)];
  ThreadHome thread(self.home);
  const Failure unsettled = thread.settle();
  Failure stranded = unsettled;
  auto lock = lock_briefly(mutex_);
  bool eager = false;
  while (JobPointer job = next(lane, eager, lock)) {
    if (!job->abandoned_) {
      job->state_ = Job::State::running;
      lock.unlock();
      if (unsettled) {
        job->failure = unsettled;
      } else {
        job->run(thread);
        if (!thread.return_home()) stranded = failed("setns");
        // Whether what the job did is whole, nobody knows: the caller must be told.
        if (stranded) job->failure = Failure{stranded.error, "setns (home)"};
      }
      lock = lock_briefly(mutex_);
      if (job->abandoned_) {
        lock.unlock();
        job->discard();
        lock = lock_briefly(mutex_);
      }
    }
    finish(job, lock);
    if (stranded) break;
  }
  if (stranded) home_.reset();  // the replacement opens it anew
  --lane.threads;
  self.ended = true;
  wake_();
}

void Executor::finish(const JobPointer& job, std::unique_lock<std::mutex>& lock) {
  job->state_ = Job::State::finished;
  --lanes_[static_cast<size_t>(job->lane_)].assigned;
  std::array<bool, kLaneCount> filled{};
  order_.leave(job->uses_, [&](const JobPointer& waiting) {
    if (--waiting->blockers_ > 0) return;
    make_ready(waiting);
    filled[static_cast<size_t>(waiting->lane_)] = true;
  });
  const bool taken = awaited_ == job.get();
  const bool first = !taken && finished_.empty();
  if (taken) {
    awaited_ = nullptr;
  } else {
    finished_.push_back(job);
  }
  // Nobody is woken to find the mutex taken.
  lock.unlock();
  if (first) wake_();
  job->over_.store(true, std::memory_order_release);
  for (size_t i = 0; i < kLaneCount; ++i) {
    if (filled[i]) lanes_[i].filled.notify_one();
  }
  lock = lock_briefly(mutex_);
}

void Executor::stop() {
  {
    const auto lock = lock_briefly(mutex_);
    stopping_ = true;
    for (Lane& lane : lanes_)
      lane.filled.notify_all();
  }
  for (Worker& worker : threads_)
    pthread_join(worker.thread, nullptr);
  threads_.clear();
  for (Lane& lane : lanes_)
    lane.ready.clear();
  finished_.clear();
  order_ = {};
  home_.reset();
}

}  // namespace netloom
