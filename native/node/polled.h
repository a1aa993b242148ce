// Polls a descriptor on JavaScript's thread. When the environment is torn down, a cleanup hook of Node's closes the uv
// handle, as in LoopWake.
#pragma once

#include <node_api.h>
#include <uv.h>

#include <functional>
#include <memory>

namespace netloom {

class Polled {
 public:
  // The events: UV_READABLE, UV_WRITABLE; both where the descriptor has an error, which a read or write then returns.
  using Ready = std::function<void(int events)>;

  // Null where libuv cannot poll the descriptor, which must stay open for as long as this object exists.
  static std::unique_ptr<Polled> open(napi_env env, int fd, Ready ready);
  ~Polled();
  Polled(const Polled&) = delete;
  Polled& operator=(const Polled&) = delete;

  // The events to wait for from now on, also after an error; 0 for none. Only while it waits can it keep the event loop
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
    Polled* owner = nullptr;  // null once the handle is closing
  };
  explicit Polled(Handle* handle) : handle_(handle) { handle->owner = this; }
  static void start(Handle& handle);
  static void close(Handle& handle);

  Handle* handle_;  // null once the environment has been torn down
};

}  // namespace netloom
