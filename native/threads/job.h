// A unit of work for a lane: runs on one of our threads, is delivered on JavaScript's.
#pragma once

#include <node_api.h>

#include <atomic>
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

// Each lane has threads of its own, so that what the kernel makes slow does not hold up what is fast.
enum class LaneName : uint8_t {
  mutation,  // changes: they wait for the kernel's rtnl lock anyway, one thread is enough
  query,     // queries for links, which wait for rtnl too
  read,      // dumps and queries that need no lock, and opening things
  removal,   // single deletions of links, which sleep in the kernel
  supply,    // changes that no caller waits for, so that they delay none that a caller waits for
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
  // Memory that JavaScript reads before anything else is delivered: bytes in it need no object of their own. Empty
  // where JavaScript reads the results later.
  std::span<uint8_t> scratch;
};

class Job {
 public:
  virtual ~Job() = default;

  // On the lane's thread: touches no JavaScript.
  virtual void run(ThreadHome& thread) = 0;
  // On JavaScript's thread, once, if somebody still wants the result: what run() made passes to JavaScript. A job that
  // is never delivered (environment gone) frees in its destructor what it made.
  virtual napi_value deliver(const Delivery& to) = 0;
  // How many descriptors it makes that are there until JavaScript has the result and closes them.
  virtual size_t opens() const { return 0; }
  // On JavaScript's thread, while the job runs: asks it to end early and whole. False if it cannot; then nobody waits
  // for its end.
  virtual bool interrupt() { return false; }
  // On JavaScript's thread, while the job waits or runs: how many of the things that it does are done.
  virtual size_t progress() const { return 0; }
  // On the lane's thread, before the lane's next job: undoes what run() made, for the job was aborted under way.
  virtual void discard() {}

  Failure failure;

 private:
  friend class Executor;
  enum class State : uint8_t { queued, running, finished };
  // Of a job that JavaScript's thread handed over itself: it waits for the end, or has gone on, or it is the end.
  enum class Handed : uint8_t { awaited, left, over };

  uint64_t id_ = 0;
  LaneName lane_ = LaneName::mutation;
  State state_ = State::queued;
  bool abandoned_ = false;
  std::atomic<Handed> handed_ = Handed::awaited;
  uint32_t blockers_ = 0;
  size_t opening_ = 0;  // what it counts for in its lane: opens(), from its turn until its result is delivered
  std::optional<std::list<std::shared_ptr<Job>>::iterator> held_;  // where it waits for others to be delivered
  std::vector<Use> uses_;
};

using JobPointer = std::shared_ptr<Job>;

}  // namespace netloom
