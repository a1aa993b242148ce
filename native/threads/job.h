// A unit of work for a lane: it runs on the lane's thread and is delivered on JavaScript's.
#pragma once

#include <node_api.h>

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/failure.h"
#include "base/identity.h"
#include "netns/thread_home.h"
#include "threads/handles.h"

namespace netloom {

// Each lane has a thread of its own, so that calls which are slow in the kernel do not delay fast ones.
enum class LaneName : uint8_t {
  mutation,  // changes: they wait for the kernel's rtnl lock anyway, one thread is enough
  query,     // queries for links, which wait for rtnl too
  read,      // dumps and queries that need no lock, and opening things
  removal,   // single deletions of links, which sleep in the kernel
  supply,    // changes ahead of demand, for which no caller waits: they must not delay those that one waits for
};
inline constexpr size_t kLaneCount = 5;

// What a job touches. Two uses of one namespace run in the order of their submission unless both only read.
struct Use {
  Identity of;
  bool changes;
};

// Where a job's result goes.
struct Delivery {
  napi_env env;
  Handles& handles;
  // Scratch memory, for results that JavaScript reads before the next job is delivered: they need no Buffer of their
  // own. Empty where JavaScript reads the results later.
  std::span<uint8_t> scratch;
};

class Job {
 public:
  virtual ~Job() = default;

  // On the lane's thread: touches no JavaScript.
  virtual void run(ThreadHome& thread) = 0;
  // On JavaScript's thread, once, unless the job was aborted: what run() made passes to JavaScript. A job that is never
  // delivered, as its environment has ended, frees in its destructor what it made.
  virtual napi_value deliver(const Delivery& to) = 0;
  // On JavaScript's thread: whether it takes no longer than a system call or two. To wait for it costs less then than
  // to be woken at its end.
  virtual bool is_brief() const { return true; }
  // Whether its thread may be bound to the core of JavaScript's thread. Not if it starts threads or processes, which
  // would inherit that.
  virtual bool may_be_bound() const { return false; }
  // How many descriptors it opens that stay open until JavaScript has the result and closes them.
  virtual size_t opens() const { return 0; }
  // On JavaScript's thread, while the job runs: asks it to end early, with nothing half done. False if it cannot; then
  // its result is dropped.
  virtual bool interrupt() { return false; }
  // On JavaScript's thread, while the job is queued or runs: how many of its operations are done.
  virtual size_t progress() const { return 0; }
  // On JavaScript's thread: it was cancelled before it began, and will not run.
  virtual void drop() {}
  // On the lane's thread, before the lane's next job: undoes what run() made, where the job was aborted while it ran.
  virtual void discard() {}

  Failure failure;

 private:
  friend class Executor;
  enum class State : uint8_t { queued, running, finished };
  // Of a job that was handed over: JavaScript's thread waits for its end, or no longer does; or the job has ended.
  enum class Handed : uint8_t { awaited, left, over };

  uint64_t id_ = 0;
  std::chrono::steady_clock::time_point submitted_;
  LaneName lane_ = LaneName::mutation;
  State state_ = State::queued;
  bool abandoned_ = false;
  std::atomic<Handed> handed_ = Handed::awaited;
  uint32_t blockers_ = 0;
  size_t opening_ = 0;  // its part of Lane::opening: opens(), from when it may run until it is delivered
  std::optional<std::list<std::shared_ptr<Job>>::iterator> held_;  // its place in Lane::held
  std::vector<Use> uses_;
};

using JobPointer = std::shared_ptr<Job>;

}  // namespace netloom
