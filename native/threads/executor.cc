#include "threads/executor.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "base/cores.h"
#include "base/thread_start.h"
#include "threads/lock_briefly.h"

namespace netloom {
namespace {

using Clock = std::chrono::steady_clock;

// A thread without work ends after this time; the next job starts another (30 µs).
constexpr auto kIdleTime = std::chrono::milliseconds(500);
// A thread polls for another job before it sleeps: to wake it takes 50 µs on a virtual core that is idle. It takes the
// long poll only if its last job came that soon too: then calls one after another need not wake it, and a single call
// costs next to no CPU time.
constexpr auto kShortPoll = std::chrono::microseconds(20);
constexpr auto kLongPoll = std::chrono::microseconds(200);
// How long JavaScript's thread waits for a job before it goes on. Look-ups take 5 to 10 µs.
constexpr auto kBriefly = std::chrono::microseconds(25);
// After n waits in vain, one after another, up to this many, 2^n calls go by without a wait.
constexpr unsigned kMostVainWaits = 3;
// So many jobs, each submitted after the one before had ended, are calls that are awaited one by one.
constexpr unsigned kManyAlone = 4;
// To wake a thread on its own core takes less. On some virtual machines it takes 100 to 250 µs on another one.
constexpr auto kDearWake = std::chrono::microseconds(60);
constexpr unsigned kCallsBound = 64;

constexpr std::array<const char*, kLaneCount> kNames = {"netloom-change", "netloom-query", "netloom-read",
                                                        "netloom-remove", "netloom-supply"};

// A job with two uses of one namespace would block itself.
void leave_one_of_each(std::vector<Use>& uses) {
  if (uses.size() < 2) return;
  std::sort(uses.begin(), uses.end(),
            [](const Use& a, const Use& b) { return a.of != b.of ? a.of < b.of : a.changes > b.changes; });
  uses.erase(std::unique(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.of == b.of; }),
             uses.end());
}

}  // namespace

bool Executor::submit(const JobPointer& job, LaneName name, std::vector<Use> uses, const OpenHome& home, Await await) {
  Lane& lane = lanes_[static_cast<size_t>(name)];
  job->id_ = ++last_id_;
  job->lane_ = name;
  job->uses_ = std::move(uses);
  leave_one_of_each(job->uses_);
  // With no other job under way there is no order to keep. On lanes other than `read`, jobs that open descriptors are
  // slow, so a wait would be in vain.
  const bool alone = under_way_ == 0 && (job->opens() == 0 || name == LaneName::read);
  const bool brief = job->is_brief();
  lane.brief.store(brief, std::memory_order_relaxed);
  alone_in_a_row_ = under_way_ == 0 ? alone_in_a_row_ + 1 : 0;
  place(lane, alone_in_a_row_ >= kManyAlone && !brief && job->may_be_bound());
  if (await != Await::nothing && alone && brief && expects_brief(lane) && lane.handover.offer(job.get())) {
    const bool ended = ended_briefly(job, lane);
    if (ended && await == Await::result) return true;
    ++under_way_;
    if (!ended) return false;
    const auto lock = lock_briefly(mutex_);
    job->state_ = Job::State::finished;
    count(lane, *job, job->opens());
    finished_.push_back(job);
    wake_();
    return false;
  }
  ++under_way_;
  job->submitted_ = Clock::now();
  bool start;
  {
    const auto lock = lock_briefly(mutex_);
    ++lane.assigned;
    start = lane.threads == 0;
    job->blockers_ = order_.enter(job, job->uses_);
    if (job->blockers_ == 0) make_ready(job);
  }
  lane.filled.notify_one();
  if (start) start_threads(home);
  return false;
}

void Executor::place(Lane& lane, bool one_after_another) {
  const bool dear = std::chrono::nanoseconds(lane.wake_cost.load(std::memory_order_relaxed)) > kDearWake;
  // Now and then it is not bound, to find out what it costs now.
  const bool bind = one_after_another && dear && ++lane.calls_bound % kCallsBound != 0;
  lane.core.store(bind ? ::sched_getcpu() : -1, std::memory_order_relaxed);
}

void Executor::move(Worker& self) {
  const int core = lanes_[static_cast<size_t>(self.lane)].core.load(std::memory_order_relaxed);
  if (core == self.core) return;
  cpu_set_t cores;
  if (core >= 0) {
    CPU_ZERO(&cores);
    CPU_SET(static_cast<size_t>(core), &cores);
  } else if (!cores_of_process(cores)) {
    return;
  }
  if (::sched_setaffinity(0, sizeof cores, &cores) == 0) self.core = core;
}

void Executor::make_ready(const JobPointer& job) {
  Lane& lane = lanes_[static_cast<size_t>(job->lane_)];
  const size_t opens = job->abandoned_ ? 0 : job->opens();
  if (opens > 0 && (!lane.held.empty() || !has_room(lane, opens))) {
    job->held_ = lane.held.insert(lane.held.end(), job);
  } else {
    admit(lane, job, opens);
  }
}

void Executor::count(Lane& lane, Job& job, size_t opens) {
  job.opening_ = opens;
  lane.opening += opens;
}

void Executor::admit(Lane& lane, const JobPointer& job, size_t opens) {
  count(lane, *job, opens);
  lane.ready.push_back(job);
  lane.waiting.store(lane.ready.size(), std::memory_order_release);
}

bool Executor::has_room(const Lane& lane, size_t opens) const {
  return lane.opening == 0 || lane.opening + opens <= most_opening_;
}

void Executor::admit_held() {
  for (Lane& lane : lanes_) {
    while (!lane.held.empty() && has_room(lane, lane.held.front()->opens())) {
      const JobPointer job = std::move(lane.held.front());
      lane.held.pop_front();
      job->held_.reset();
      admit(lane, job, job->opens());
      lane.filled.notify_one();
    }
  }
}

void Executor::limit(size_t most) {
  const auto lock = lock_briefly(mutex_);
  most_opening_ = most;
  admit_held();
}

void Executor::delivered(const Opened& opened) {
  if (opened == Opened{}) return;
  const auto lock = lock_briefly(mutex_);
  for (size_t i = 0; i < kLaneCount; ++i)
    lanes_[i].opening -= opened[i];
  admit_held();
}

bool Executor::expects_brief(Lane& lane) {
  static const bool one_core = has_one_core();
  if (one_core) return false;
  if (lane.calls_to_skip == 0) return true;
  --lane.calls_to_skip;
  return false;
}

bool Executor::ended_briefly(const JobPointer& job, Lane& lane) {
  const auto until = Clock::now() + kBriefly;
  while (job->handed_.load(std::memory_order_acquire) != Job::Handed::over) {
    if (Clock::now() < until) {
      relax();
      continue;
    }
    lane.calls_to_skip = 1u << lane.vain_waits;
    lane.vain_waits = std::min(lane.vain_waits + 1, kMostVainWaits);
    // The lane's thread takes the lock when it finds Handed::left; by then the job is entered like any other.
    const auto lock = lock_briefly(mutex_);
    auto awaited = Job::Handed::awaited;
    if (!job->handed_.compare_exchange_strong(awaited, Job::Handed::left)) return true;
    job->state_ = Job::State::running;
    count(lane, *job, job->opens());
    ++lane.assigned;
    job->blockers_ = order_.enter(job, job->uses_);
    lane.left = job;
    return false;
  }
  lane.vain_waits = 0;
  return true;
}

Executor::Cancelled Executor::cancel(const JobPointer& job) {
  auto lock = lock_briefly(mutex_);
  if (job->state_ == Job::State::finished) return Cancelled::too_late;
  if (job->state_ == Job::State::running && job->interrupt()) return Cancelled::interrupted;
  job->abandoned_ = true;
  if (job->state_ == Job::State::queued) job->drop();
  if (job->held_) {
    lanes_[static_cast<size_t>(job->lane_)].held.erase(*std::exchange(job->held_, std::nullopt));
    finish(job, lock);
    return Cancelled::before_start;
  }
  return job->state_ == Job::State::queued ? Cancelled::before_start : Cancelled::while_running;
}

std::vector<JobPointer> Executor::collect(size_t most) {
  const auto lock = lock_briefly(mutex_);
  const auto end = finished_.begin() + static_cast<ptrdiff_t>(std::min(most, finished_.size()));
  std::vector<JobPointer> collected(std::make_move_iterator(finished_.begin()), std::make_move_iterator(end));
  finished_.erase(finished_.begin(), end);
  under_way_ -= collected.size();
  if (!finished_.empty()) wake_();
  return collected;
}

void Executor::start_threads(const OpenHome& home) {
  auto lock = lock_briefly(mutex_);
  for (auto worker = threads_.begin(); worker != threads_.end();) {
    if (!worker->ended) {
      ++worker;
      continue;
    }
    // The thread has set `ended` in its last critical section, so the join waits for its last instructions only.
    pthread_join(worker->thread, nullptr);
    worker = threads_.erase(worker);
  }
  for (size_t i = 0; i < kLaneCount && !stopping_; ++i) {
    Lane& lane = lanes_[i];
    if (lane.assigned == 0 || lane.threads > 0) continue;
    if (!home_) home_ = std::make_shared<const Home>(home());
    Worker& worker = threads_.emplace_back(Worker{*this, static_cast<LaneName>(i), home_});
    if (start_thread<&Worker::work>(worker.thread, kNames[i], worker)) {
      ++lane.threads;
      continue;
    }
    const Failure failure = failed("pthread_create");
    threads_.pop_back();
    for (const JobPointer& job : lane.held) {
      job->held_.reset();
      lane.ready.push_back(job);
    }
    lane.held.clear();
    for (const JobPointer& job : std::exchange(lane.ready, {})) {
      job->failure = failure;
      finish(job, lock);
    }
    lane.waiting.store(lane.ready.size(), std::memory_order_release);
  }
  if (threads_.empty()) home_.reset();
}

template <class Run>
bool Executor::serve_handover(Lane& lane, bool& eager, Run run) {
  lane.handover.start_polling();
  while (true) {
    const auto begin = Clock::now();
    // A job that takes long is not followed by one within microseconds, and who polls takes a core from others.
    const auto poll = !lane.brief.load(std::memory_order_relaxed) ? Clock::duration::zero()
                      : eager                                     ? kLongPoll
                                                                  : kShortPoll;
    const auto until = begin + poll;
    while (!lane.handover.has_offer() && lane.waiting.load(std::memory_order_acquire) == 0 && !stopping_ &&
           Clock::now() < until) {
      relax();
    }
    Job* job = lane.handover.has_offer() ? lane.handover.take() : nullptr;
    if (!job) job = lane.handover.stop_polling();  // no offer, or JavaScript's thread has withdrawn it
    expect_from_other_core(job, 1024);             // the job, of whatever kind
    eager = Clock::now() < begin + kLongPoll;
    if (!job) return false;
    const bool last = !run(*job);
    // JavaScript's thread offers the next job only after the end of this one.
    if (last) lane.handover.stop_polling();
    auto awaited = Job::Handed::awaited;
    const bool left = !job->handed_.compare_exchange_strong(awaited, Job::Handed::over);
    if (last) return left;
    if (left) {
      lane.handover.stop_polling();
      return true;
    }
    lane.handover.start_polling();
  }
}

JobPointer Executor::next(const Worker& self, std::unique_lock<std::mutex>& lock) {
  Lane& lane = lanes_[static_cast<size_t>(self.lane)];
  bool slept = false;
  while (lane.ready.empty() && !stopping_) {
    slept = true;
    const bool idle = lane.filled.wait_for(lock, kIdleTime) == std::cv_status::timeout;
    // An assigned job may still wait for one on another lane.
    if (idle && lane.assigned == 0) return nullptr;
  }
  if (stopping_) return nullptr;
  JobPointer job = std::move(lane.ready.front());
  lane.ready.pop_front();
  lane.waiting.store(lane.ready.size(), std::memory_order_release);
  if (slept && self.core < 0) {
    const auto took = std::chrono::nanoseconds(Clock::now() - job->submitted_).count();
    const auto before = lane.wake_cost.load(std::memory_order_relaxed);
    lane.wake_cost.store(before == 0 ? took : (3 * before + took) / 4, std::memory_order_relaxed);
  }
  return job;
}

void Executor::work(Worker& self) {
  Lane& lane = lanes_[static_cast<size_t>(self.lane)];
  ThreadHome thread(self.home);
  const Failure unsettled = thread.settle();
  Failure lost_home = unsettled;
  const auto run = [&](Job& job) {
    if (unsettled) {
      job.failure = unsettled;
      return false;
    }
    move(self);
    job.run(thread);
    if (!thread.return_home()) lost_home = failed("setns");
    // The job may have done its work in part: it fails, so that the caller does not take it for complete.
    if (lost_home) job.failure = Failure{lost_home.error, "setns (home)"};
    return !lost_home;
  };
  auto lock = lock_briefly(mutex_);
  bool eager = false;
  while (true) {
    JobPointer job;
    bool ran = false;
    if (lane.ready.empty() && !stopping_) {
      lock.unlock();
      ran = serve_handover(lane, eager, run);
      lock = lock_briefly(mutex_);
      if (ran) job = std::move(lane.left);
      if (!ran && lost_home) break;
    }
    if (!job) {
      const auto begin = Clock::now();
      job = next(self, lock);
      if (!job) break;
      eager = eager || Clock::now() - begin < kLongPoll;
      if (!job->abandoned_) {
        job->state_ = Job::State::running;
        lock.unlock();
        run(*job);
        ran = true;
        lock = lock_briefly(mutex_);
      }
    }
    if (ran && job->abandoned_) {
      lock.unlock();
      job->discard();
      lock = lock_briefly(mutex_);
    }
    finish(std::move(job), lock);
    if (lost_home) break;
  }
  if (lost_home) home_.reset();  // start_threads() opens it again for the next thread
  --lane.threads;
  self.ended = true;
  wake_();
}

void Executor::finish(JobPointer job, std::unique_lock<std::mutex>& lock) {
  job->state_ = Job::State::finished;
  --lanes_[static_cast<size_t>(job->lane_)].assigned;
  std::array<bool, kLaneCount> filled{};
  order_.leave(job->uses_, [&](const JobPointer& waiting) {
    if (--waiting->blockers_ > 0) return;
    make_ready(waiting);
    filled[static_cast<size_t>(waiting->lane_)] = true;
  });
  const bool first = finished_.empty();
  // From here on only JavaScript's thread uses it.
  finished_.push_back(std::move(job));
  // A thread that is woken while this one holds the mutex would only sleep again.
  lock.unlock();
  if (first) wake_();
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
  for (Lane& lane : lanes_) {
    lane.ready.clear();
    lane.held.clear();
  }
  finished_.clear();
  order_ = {};
  home_.reset();
}

}  // namespace netloom
