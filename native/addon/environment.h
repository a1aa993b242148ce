// The state of the addon for one JavaScript environment (the main thread's or a Worker's): handles, jobs, threads.
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
#include "transactions/chain.h"

namespace netloom {

class Environment final : public Handles {
 public:
  explicit Environment(Napi::Env env);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Calls `dispatch` with [job, errno, system call, result, job, …] for the jobs that have ended, also those of other
  // copies of the library. Each copy that uses this addon has one; the reference is weak.
  void start(Napi::Function dispatch);
  bool started() const { return wake_ && !dispatchers_.empty(); }
  // The job's number; or, if it ended at once, [errno, system call, result].
  napi_value submit(JobPointer job, LaneName lane, std::vector<Use> uses);
  // The scratch memory, as an ArrayBuffer.
  napi_value scratch() const;
  // An Executor::Cancelled as a number.
  int cancel(uint64_t job);
  // How many of a job's operations are done; 0 if it has ended or does not exist.
  size_t progress(uint64_t job) const;

  // The handle table: JavaScript has numbers, which are never used twice.
  uint64_t keep(NamespacePointer netns) override;
  NamespacePointer find(uint64_t handle) const;
  bool close(uint64_t handle);
  // The number with which other environments of the process can open a handle's namespace while the handle is open; 0
  // if it is closed.
  uint64_t share(uint64_t handle);
  // A namespace that another environment shares, or this one.
  Failure adopt(uint64_t number, const Identity& expected, NamespacePointer& adopted);

  // A chain of transactions, until it is closed; null if there is none of that number.
  uint64_t open_chain();
  std::shared_ptr<Chain> find_chain(uint64_t number) const;
  void close_chain(uint64_t number) { chains_.erase(number); }

  uint64_t keep(Fd socket) override;
  // Passes the ownership of the descriptor to the caller; -1 if there is none.
  int take_socket(uint64_t number);
  // The inode of a socket that was not taken yet, else 0.
  uint64_t inode_of_socket(uint64_t number) const;

  WorkerChildren& worker_children() { return worker_children_; }
  // Runs `call`, which returns a Failure; and again if it ran out of descriptors and some could be closed.
  template <class Call>
  Failure with_room(Call call) {
    return kept_sockets_->with_room(call);
  }
  uint64_t keep_datagrams(Fd fd, Datagrams::Via via) override;
  Datagrams* find_datagrams(uint64_t number) const;
  bool close_datagrams(uint64_t number) { return datagrams_.erase(number) > 0; }

  // How many descriptors the jobs of a lane may hold before they are delivered, and how many idle sockets stay open.
  void limit(size_t opening, size_t sockets);
  // Duplicates a descriptor.
  Failure duplicate(int fd, Fd& copy) const;

  // Moves JavaScript's own thread; entered namespaces nest.
  Failure enter(const Namespace& entered, int kind);
  Failure leave();

  // Ends the threads, drops the jobs and closes the handles: undoes results that were not delivered, unpins ephemeral
  // namespaces. Called when the environment is torn down, and before a process exits without tearing it down.
  void end();

  size_t handle_count() const { return namespaces_.size(); }
  size_t job_count() const { return jobs_.size(); }
  size_t thread_count() const { return executor_.threads(); }

 private:
  void drain();
  void dispatch(napi_value results);
  // Calls a JavaScript function as the event loop does. False if the environment is ending.
  bool call(napi_value function, size_t count, const napi_value* arguments);
  // Appends [errno, system call, result] to an array.
  void report(ArrayValue& to, Job& job, std::span<uint8_t> scratch);
  // The home of this environment's threads, also while JavaScript's thread has entered another namespace.
  Home home() const;

  Napi::Env env_;
  // Weak references: each copy of the library holds its own function.
  std::vector<Napi::FunctionReference> dispatchers_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::unordered_map<uint64_t, JobPointer> jobs_;
  std::unordered_map<uint64_t, NamespacePointer> namespaces_;
  std::unordered_map<uint64_t, Share> shares_;  // by handle; destroyed before the namespaces
  std::unordered_map<uint64_t, std::shared_ptr<Chain>> chains_;
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
