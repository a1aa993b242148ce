#include "node/polled.h"

namespace netloom {

std::unique_ptr<Polled> Polled::open(napi_env env, int fd, Ready ready) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto handle = std::make_unique<Handle>();
  handle->ready = std::move(ready);
  handle->poll.data = handle.get();
  if (uv_poll_init(loop, &handle->poll, fd) != 0) return nullptr;
  Handle* opened = handle.release();
  const auto on_teardown = [](napi_async_cleanup_hook_handle, void* data) {
    auto& torn_down = *static_cast<Handle*>(data);
    if (torn_down.owner) close(torn_down);
  };
  std::unique_ptr<Polled> polled(new Polled(opened));
  if (napi_add_async_cleanup_hook(env, on_teardown, opened, &opened->hook) != napi_ok) return nullptr;
  return polled;
}

Polled::~Polled() {
  if (handle_) close(*handle_);
}

void Polled::wait_for(int events) {
  if (!handle_ || handle_->events == events) return;
  handle_->events = events;
  if (events == 0) {
    uv_poll_stop(&handle_->poll);
  } else {
    start(*handle_);
  }
}

void Polled::start(Handle& handle) {
  (void)uv_poll_start(&handle.poll, handle.events, [](uv_poll_t* poll, int error, int events) {
    auto& ready_handle = *static_cast<Handle*>(poll->data);
    // On an error of the descriptor libuv stops polling, with UV_EBADF for every error. The next read or write returns
    // the error itself.
    if (error != 0) events = ready_handle.events;
    // A copy: the function may close the handle, which destroys the function.
    const Ready ready = ready_handle.ready;
    ready(events);
    // The call may have come before reads fail: a TUN device that is being deleted reports POLLERR earlier than read(2)
    // fails. If the call has closed the handle, its memory is freed only in a later turn of the loop.
    const bool stopped = uv_is_active(reinterpret_cast<uv_handle_t*>(poll)) == 0;
    if (ready_handle.owner && ready_handle.events != 0 && stopped) start(ready_handle);
  });
}

void Polled::keep_alive(bool alive) {
  if (!handle_) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_->poll);
  if (alive) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void Polled::close(Handle& handle) {
  handle.owner->handle_ = nullptr;
  handle.owner = nullptr;
  uv_poll_stop(&handle.poll);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle.poll), [](uv_handle_t* closed) {
    const std::unique_ptr<Handle> owned(static_cast<Handle*>(closed->data));
    if (owned->hook) napi_remove_async_cleanup_hook(owned->hook);
  });
}

}  // namespace netloom
