// Tells JavaScript's thread when a descriptor can be read or written. Closes its uv handle through Node's cleanup hook
// when the environment is torn down, as LoopWake does.
#pragma once

#include <node_api.h>
#include <uv.h>

#include <functional>
#include <memory>

namespace netloom {

class Polled {
 public:
  // What became possible: UV_READABLE, UV_WRITABLE. Both where the descriptor has an error: a call on it tells which.
  using Ready = std::function<void(int events)>;

  // Null where libuv cannot poll the descriptor, which must stay open until this is gone.
  static std::unique_ptr<Polled> open(napi_env env, int fd, Ready ready);
  ~Polled();
  Polled(const Polled&) = delete;
  Polled& operator=(const Polled&) = delete;

  // What to wait for from now on, also after an error; 0 for nothing. Only while it waits may it keep the event loop
  // alive.
  void wait_for(int events);
  void keep_alive(bool alive);

 private:
  // Owned by libuv from its opening until the close callback.
  struct Handle {
    uv_poll_t poll = {};
    Ready ready;
    int events = 0;
    napi_async_cleanup_hook_handle hook = nullptr;
    Polled* owner = nullptr;  // none once it is closing
  };
  explicit Polled(Handle* handle) : handle_(handle) { handle->owner = this; }
  static void start(Handle& handle);
  static void close(Handle& handle);

  Handle* handle_;  // none once the environment has been torn down
};

}  // namespace netloom
