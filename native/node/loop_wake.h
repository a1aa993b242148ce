// Wakes JavaScript's thread from any other. A uv handle that outlives its environment aborts the process, so a cleanup
// hook of Node's closes this one, and the environment ends only after that.
#pragma once

#include <node_api.h>
#include <uv.h>

#include <functional>
#include <memory>

namespace netloom {

class LoopWake {
 public:
  // `wake` runs on JavaScript's thread; `end` once, when the environment is torn down, before the handle closes.
  static std::unique_ptr<LoopWake> open(napi_env env, std::function<void()> wake, std::function<void()> end);
  ~LoopWake();

  // From any thread, until `end` has returned.
  void send() { uv_async_send(&handle_->async); }
  // Whether the event loop began its turn no more than a millisecond ago.
  bool loop_is_fresh() const { return uv_hrtime() / 1'000'000 <= uv_now(handle_->async.loop) + 1; }
  // Whether this handle keeps the event loop alive.
  void keep_alive(bool alive);

 private:
  // Owned by libuv from its opening until the close callback.
  struct Handle {
    uv_async_t async = {};
    std::function<void()> wake;
    std::function<void()> end;
    napi_async_cleanup_hook_handle hook = nullptr;
  };
  explicit LoopWake(Handle* handle) : handle_(handle) {}
  static void on_teardown(napi_async_cleanup_hook_handle hook, void* data);

  Handle* handle_;
};

}  // namespace netloom
