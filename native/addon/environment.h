// What the addon keeps for one JavaScript environment (the main thread's or a Worker's): handles, jobs, the threads.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "netlink/open_sockets.h"
#include "netns/namespace.h"
#include "netns/prefetch.h"
#include "netns/share.h"
#include "node/datagrams.h"
#include "node/loop_wake.h"
#include "node/values.h"
#include "processes/worker_children.h"
#include "threads/executor.h"

namespace netloom {

class Environment final : public Handles {
 public:
  explicit Environment(Napi::Env env);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // `dispatch` is called with [job, errno, system call, result, job, …] for the jobs that ended, its own among them.
  // There is one for each copy of the library that uses this addon; it is held weakly.
  void start(Napi::Function dispatch);
  bool started() const { return wake_ && !dispatchers_.empty(); }
  // The job's number; or, of one that ended at once, [errno, system call, result].
  napi_value submit(JobPointer job, LaneName lane, std::vector<Use> uses);
  // The memory for results that are read at once, as an ArrayBuffer.
  napi_value scratch() const;
  // An Executor::Cancelled as a number.
  int cancel(uint64_t job);
  // How many of the things that a job does are done; 0 of one that ended or is none.
  size_t progress(uint64_t job) const;

  // The handle table: JavaScript holds numbers, which are never used twice.
  uint64_t keep(NamespacePointer netns) override;
  NamespacePointer find(uint64_t handle) const;
  bool close(uint64_t handle);
  // The number by which other environments of the process get at a handle's namespace while it is open; 0 if it is not.
  uint64_t share(uint64_t handle);
  // A namespace that another environment shares, or this one.
  Failure adopt(uint64_t number, const Identity& expected, NamespacePointer& adopted);

  uint64_t keep(Fd socket) override;
  // The descriptor, which passes to the caller; -1 if there is none.
  int take_socket(uint64_t number);
  // The inode of one that waits, 0 without.
  uint64_t inode_of_socket(uint64_t number) const;

  WorkerChildren& worker_children() { return worker_children_; }
  // Runs `call`, which gives a Failure; again if there were not enough descriptors and some could be closed.
  template <class Call>
  Failure with_room(Call call) {
    return kept_sockets_->with_room(call);
  }
  uint64_t keep_datagrams(Fd fd, Datagrams::Via via) override;
  Datagrams* find_datagrams(uint64_t number) const;
  bool close_datagrams(uint64_t number) { return datagrams_.erase(number) > 0; }

  // How many descriptors the jobs of one lane may hold before they are delivered, and how many sockets stay open.
  void limit(size_t opening, size_t sockets);
  // Duplicates a descriptor.
  Failure duplicate(int fd, Fd& copy) const;

  // Moves JavaScript's own thread; entered namespaces nest.
  Failure enter(const Namespace& entered, int kind);
  Failure leave();

  // Ends the threads, drops the jobs, closes the handles: what was never delivered is undone, what is ephemeral goes.
  // Called when the environment is torn down, and before a process exits without that.
  void end();

  size_t handle_count() const { return namespaces_.size(); }
  size_t job_count() const { return jobs_.size(); }
  size_t thread_count() const { return executor_.threads(); }

 private:
  void drain();
  void dispatch(napi_value results);
  // Calls a function of JavaScript's, as from the event loop. False if the environment is ending.
  bool call(napi_value function, size_t count, const napi_value* arguments);
  // [errno, system call, result] appended to an array.
  void report(ArrayValue& to, Job& job, std::span<uint8_t> scratch);
  // Where this environment lives, also while its thread is inside enter().
  Home home() const;

  Napi::Env env_;
  // Weak: each copy of the library holds its own.
  std::vector<Napi::FunctionReference> dispatchers_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::unordered_map<uint64_t, JobPointer> jobs_;
  std::unordered_map<uint64_t, NamespacePointer> namespaces_;
  std::unordered_map<uint64_t, Share> shares_;  // by handle; gone before the namespaces are
  std::unordered_map<uint64_t, Fd> sockets_;
  std::unordered_map<uint64_t, std::unique_ptr<Datagrams>> datagrams_;
  uint64_t last_handle_ = 0;
  Napi::Reference<Napi::ArrayBuffer> scratch_;
  std::vector<Home::Other> entered_from_;
  std::shared_ptr<OpenSockets> kept_sockets_ = std::make_shared<OpenSockets>();
  std::shared_ptr<NetnsPrefetch> prefetch_ = std::make_shared<NetnsPrefetch>();
  WorkerChildren worker_children_;
  std::unique_ptr<LoopWake> wake_;
  Executor executor_;
};

}  // namespace netloom
