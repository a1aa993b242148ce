// Runs jobs on threads of our own: lanes, the order within a namespace, and the threads' lives.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>

#include "threads/handover.h"
#include "threads/job.h"
#include "threads/order.h"

namespace netloom {

// submit, cancel, collect, staff and stop belong to JavaScript's thread; the lanes' threads do the rest.
class Executor {
 public:
  // Opens the namespace that new threads belong to.
  using OpenHome = std::function<Home()>;
  static constexpr size_t kMostOpening = 64;
  // What cancel() found.
  enum class Cancelled : uint8_t { before_start, while_running, too_late, interrupted };

  // `wake` is called on a lane's thread when there is something to collect.
  explicit Executor(std::function<void()> wake) : wake_(std::move(wake)) {}
  ~Executor() { stop(); }

  // How long submit() may take: no longer than to queue the job; or some microseconds more, for a job that ends soon:
  // an event loop that goes to sleep, to be woken again, takes ten times as long as a query takes the kernel.
  enum class Await : uint8_t {
    nothing,
    end,     // it will be collected all the same, when the event loop has had its turn
    result,  // it is the caller's, and will not be collected
  };
  // True if the job ended and its result is the caller's.
  bool submit(const JobPointer& job, LaneName lane, std::vector<Use> uses, const OpenHome& home, Await await);
  // How many descriptors a lane's jobs may hold, one or more: those that run or wait to be delivered. One job alone may
  // hold more.
  void limit(size_t most);
  // JavaScript has the results of jobs that held so many descriptors, by lane.
  using Opened = std::array<size_t, kLaneCount>;
  void delivered(const Opened& opened);
  // A queued job will not run; a running one ends early if it can, else it finishes but is not wanted any more.
  Cancelled cancel(const JobPointer& job);
  // Jobs that ended, `most` at a time, in order; wakes again if there are more.
  std::vector<JobPointer> collect(size_t most);
  // Joins threads that ended and starts those that are missing.
  void start_threads(const OpenHome& home);
  // Ends all threads; the running jobs are waited for, queued ones dropped.
  void stop();

  size_t threads() const { return threads_.size(); }
  static uint64_t id(const Job& job) { return job.id_; }
  static bool abandoned(const Job& job) { return job.abandoned_; }
  static void count_opened(const Job& job, Opened& to) { to[static_cast<size_t>(job.lane_)] += job.opening_; }

 private:
  struct Lane {
    Handover handover;
    JobPointer left;  // the job that was handed over and not waited for to its end
    std::deque<JobPointer> ready;
    std::condition_variable filled;
    std::atomic<size_t> waiting = 0;  // ready.size(), readable without the lock
    size_t assigned = 0;              // jobs that will run here: blocked, ready or running
    size_t threads = 0;
    std::list<JobPointer> held;  // it is their turn, but what others opened is not delivered yet
    size_t opening = 0;
    // Of JavaScript's thread alone: how waiting briefly for this lane's jobs has paid lately.
    unsigned vain_waits = 0;
    unsigned calls_to_skip = 0;
  };
  struct Worker {
    Executor& executor;
    LaneName lane;
    std::shared_ptr<const Home> home;
    pthread_t thread = {};
    bool ended = false;

    void work() { executor.work(*this); }
  };

  void work(Worker& self);
  // Whether this lane's jobs have lately ended within microseconds.
  bool expects_brief(Lane& lane);
  // Waits for a job that was handed over; else it becomes one like others, under way.
  bool ended_briefly(const JobPointer& job, Lane& lane);
  // The lane's next job, or nothing when the thread should end.
  JobPointer next(Lane& lane, std::unique_lock<std::mutex>& lock);
  // Without the lock: polls for a job for a while, longer if the last one came soon, and runs what is handed over.
  // True if there is one that nobody waited for to its end.
  template <class Run>
  bool serve_handover(Lane& lane, bool& eager, Run run);
  // It is the job's turn: it may run, unless it opens descriptors and there is no room for them.
  void make_ready(const JobPointer& job);
  void admit(Lane& lane, const JobPointer& job, size_t opens);
  static void count(Lane& lane, Job& job, size_t opens);
  void admit_held();
  bool has_room(const Lane& lane, size_t opens) const;
  // Gives up the lock for a moment.
  void finish(JobPointer job, std::unique_lock<std::mutex>& lock);

  std::function<void()> wake_;
  std::mutex mutex_;
  std::array<Lane, kLaneCount> lanes_;
  Order order_;
  std::deque<JobPointer> finished_;
  std::list<Worker> threads_;
  std::shared_ptr<const Home> home_;  // while there are threads
  size_t most_opening_ = kMostOpening;
  // Of JavaScript's thread alone.
  uint64_t last_id_ = 0;
  size_t under_way_ = 0;  // jobs that will be collected
  std::atomic<bool> stopping_ = false;
};

}  // namespace netloom
