// Runs jobs on worker threads: lanes, the order within a namespace, the start and the end of the threads.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
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

  // How long submit() may take: no longer than to queue the job; or some microseconds more, for a job that ends soon.
  // To put the event loop to sleep and to wake it takes ten times as long as the kernel needs for a query.
  enum class Await : uint8_t {
    nothing,
    end,     // collect() returns the job all the same, in a later turn of the event loop
    result,  // the caller delivers the job: collect() does not return it
  };
  // True if the job has ended and the caller has to deliver it.
  bool submit(const JobPointer& job, LaneName lane, std::vector<Use> uses, const OpenHome& home, Await await);
  // How many descriptors, one or more, a lane's jobs may hold open while they run or wait to be delivered. One job
  // alone may hold more.
  void limit(size_t most);
  // Jobs that held so many descriptors, by lane, have been delivered to JavaScript.
  using Opened = std::array<size_t, kLaneCount>;
  void delivered(const Opened& opened);
  // A queued job does not run; a running one ends early if it can, else it runs to its end and its result is dropped.
  Cancelled cancel(const JobPointer& job);
  // Jobs that ended, `most` at a time, in order; wakes again if there are more.
  std::vector<JobPointer> collect(size_t most);
  // Joins threads that have ended, and starts one for each lane that has jobs and no thread.
  void start_threads(const OpenHome& home);
  // Ends all threads: waits for the running jobs, drops the queued ones.
  void stop();

  size_t threads() const { return threads_.size(); }
  static uint64_t id(const Job& job) { return job.id_; }
  static bool abandoned(const Job& job) { return job.abandoned_; }
  static void count_opened(const Job& job, Opened& to) { to[static_cast<size_t>(job.lane_)] += job.opening_; }

 private:
  struct Lane {
    Handover handover;
    JobPointer left;  // a job that was handed over, once JavaScript's thread no longer waits for its end
    std::deque<JobPointer> ready;
    std::condition_variable filled;
    std::atomic<size_t> waiting = 0;  // ready.size(), readable without the lock
    size_t assigned = 0;              // jobs that will run here: blocked, ready or running
    size_t threads = 0;
    // Jobs that nothing blocks but the limit of descriptors: they run once others have been delivered.
    std::list<JobPointer> held;
    size_t opening = 0;
    std::atomic<bool> brief = false;  // whether its last job is
    std::atomic<int> core = -1;       // the one that JavaScript's thread wants the lane's thread bound to
    // How long it lately took from submitting a job until the lane's thread, not bound, had woken.
    std::atomic<std::chrono::nanoseconds::rep> wake_cost = 0;
    unsigned calls_bound = 0;  // used on JavaScript's thread alone: calls for which the thread could be bound
    // Used on JavaScript's thread alone: how many of the last brief waits for this lane were in vain.
    unsigned vain_waits = 0;
    unsigned calls_to_skip = 0;
  };
  struct Worker {
    Executor& executor;
    LaneName lane;
    std::shared_ptr<const Home> home;
    pthread_t thread = {};
    bool ended = false;
    int core = -1;  // the one that the thread is bound to

    void work() { executor.work(*this); }
  };

  void work(Worker& self);
  // Binds the lane's thread to the core of JavaScript's thread while calls come one after another: one of the two
  // sleeps while the other runs, so no core has to be woken. Else the kernel chooses the core.
  void place(Lane& lane, bool one_after_another);
  // On the lane's thread, before a job: moves it there. JavaScript's thread cannot, as the lane's may have ended.
  void move(Worker& self);
  // Whether this lane's last jobs have ended within microseconds.
  bool expects_brief(Lane& lane);
  // Waits briefly for a job that was handed over. If it does not end, it is entered in the order as a running job.
  bool ended_briefly(const JobPointer& job, Lane& lane);
  // The lane's next job, or nothing when the thread should end.
  JobPointer next(const Worker& self, std::unique_lock<std::mutex>& lock);
  // Without the lock: polls for a job for a while, longer if the last one came soon, and runs what is handed over.
  // True if it ran a job whose end JavaScript's thread did not wait for.
  template <class Run>
  bool serve_handover(Lane& lane, bool& eager, Run run);
  // No earlier job blocks this one: it may run, unless it opens more descriptors than the limit leaves.
  void make_ready(const JobPointer& job);
  void admit(Lane& lane, const JobPointer& job, size_t opens);
  static void count(Lane& lane, Job& job, size_t opens);
  void admit_held();
  bool has_room(const Lane& lane, size_t opens) const;
  // Releases the lock for a moment.
  void finish(JobPointer job, std::unique_lock<std::mutex>& lock);

  std::function<void()> wake_;
  std::mutex mutex_;
  std::array<Lane, kLaneCount> lanes_;
  Order order_;
  std::deque<JobPointer> finished_;
  std::list<Worker> threads_;
  std::shared_ptr<const Home> home_;  // while there are threads
  size_t most_opening_ = kMostOpening;
  // Used on JavaScript's thread alone.
  uint64_t last_id_ = 0;
  unsigned alone_in_a_row_ = 0;  // jobs that were submitted while no other one was under way
  size_t under_way_ = 0;         // jobs that collect() has still to return
  std::atomic<bool> stopping_ = false;
};

}  // namespace netloom
