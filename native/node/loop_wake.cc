#include "node/loop_wake.h"

namespace netloom {

std::unique_ptr<LoopWake> LoopWake::open(napi_env env, std::function<void()> wake, std::function<void()> end) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto handle = std::make_unique<Handle>();
  handle->wake = std::move(wake);
  handle->end = std::move(end);
  handle->async.data = handle.get();
  const auto on_wake = [](uv_async_t* async) { static_cast<Handle*>(async->data)->wake(); };
  if (uv_async_init(loop, &handle->async, on_wake) != 0) return nullptr;
  Handle* opened = handle.release();
  uv_unref(reinterpret_cast<uv_handle_t*>(&opened->async));
  napi_add_async_cleanup_hook(env, on_teardown, opened, &opened->hook);
  return std::unique_ptr<LoopWake>(new LoopWake(opened));
}

LoopWake::~LoopWake() = default;  // the teardown hook closes the handle

void LoopWake::keep_alive(bool alive) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_->async);
  if (alive) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void LoopWake::on_teardown(napi_async_cleanup_hook_handle, void* data) {
  auto* handle = static_cast<Handle*>(data);
  handle->end();
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->async), [](uv_handle_t* closed) {
    const std::unique_ptr<Handle> owned(static_cast<Handle*>(closed->data));
    napi_remove_async_cleanup_hook(owned->hook);
  });
}

}  // namespace netloom
