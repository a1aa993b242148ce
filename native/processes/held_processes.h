// Processes that somebody else has started and reaps, held by a descriptor: their end is told on JavaScript's thread,
// and a signal never reaches another process that has got the number.
#pragma once

#include <node_api.h>
#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/failure.h"
#include "base/fd.h"

namespace netloom {

class HeldProcesses {
 public:
  // Calls a function of JavaScript's without arguments, from the event loop.
  using Call = std::function<void(napi_value function)>;
  HeldProcesses(napi_env env, Call call) : env_(env), call_(std::move(call)) {}
  HeldProcesses(const HeldProcesses&) = delete;
  HeldProcesses& operator=(const HeldProcesses&) = delete;
  ~HeldProcesses() { end(); }

  // `on_end` is called once, with nothing. The event loop does not stay alive for it. 0 if that is not possible.
  uint64_t hold(Fd pidfd, napi_value on_end);
  // A signal's number, or 0 to ask whether it is there.
  Failure signal(uint64_t process, int number) const;
  // Tells nobody of its end.
  void let_go(uint64_t process);
  // Tells nobody of any end.
  void end();

 private:
  // Owned by libuv until the close callback.
  struct Process {
    uv_poll_t poll = {};
    HeldProcesses* parent = nullptr;
    uint64_t number = 0;
    Fd pidfd;
    napi_ref on_end = nullptr;
  };
  void tell(Process& process);
  void close(Process& process);

  napi_env env_;
  Call call_;
  std::unordered_map<uint64_t, Process*> processes_;
  uint64_t last_number_ = 0;
};

}  // namespace netloom
