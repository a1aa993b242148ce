// The processes that an environment has started and that have not been reaped: their end is told on JavaScript's
// thread.
#pragma once

#include <node_api.h>
#include <sys/types.h>
#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "failure.h"
#include "fd.h"

namespace netloom {

class Children {
 public:
  // Calls a function of JavaScript's with arguments, from the event loop.
  using Call = std::function<void(napi_value function, size_t count, const napi_value* arguments)>;
  Children(napi_env env, Call call) : env_(env), call_(std::move(call)) {}
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() { end(); }

  // Takes a process over. `on_exit` is called once, with its exit code and 0, or 0 and the number of the signal that
  // ended it; with nothing if somebody else has reaped it. 0 if that is not possible.
  uint64_t watch(Fd pidfd, napi_value on_exit);
  // Looks at one that somebody else reaps. `on_exit` is called once, with nothing.
  uint64_t hold(Fd pidfd, napi_value on_exit);
  // A signal's number, or 0 to ask whether it is there.
  Failure signal(uint64_t child, int number) const;
  // Tells nobody of the end of one that is none of ours, which nobody has to reap.
  void let_go(uint64_t child);
  // Whether the event loop stays alive for it.
  void keep_alive(uint64_t child, bool alive);
  bool keeps_alive(uint64_t child) const;
  // Tells nobody any more; the processes live on, and are reaped later.
  void end();

  // Reaps what ended since its environment has.
  static void reap_orphans();

 private:
  // Owned by libuv until the close callback.
  struct Child {
    uv_poll_t poll = {};
    Children* parent = nullptr;
    uint64_t number = 0;
    Fd pidfd;
    napi_ref on_exit = nullptr;
    bool is_ours = true;  // to reap
  };
  static void on_readable(uv_poll_t* poll, int status, int events);
  void tell(Child& child);
  void close(Child& child);

  napi_env env_;
  Call call_;
  std::unordered_map<uint64_t, Child*> children_;
  uint64_t last_number_ = 0;
};

}  // namespace netloom
