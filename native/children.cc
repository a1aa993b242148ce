#include "children.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <vector>

#include "process.h"
#include "values.h"

namespace netloom {
namespace {

// Of environments that have ended.
struct Orphans {
  std::mutex mutex;
  std::vector<Fd> pidfds;
};

Orphans& orphans_of_process() {
  static Orphans orphans;
  return orphans;
}

}  // namespace

uint64_t Children::watch(Fd pidfd, napi_value on_exit) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok) return 0;
  auto child = std::make_unique<Child>();
  if (napi_create_reference(env_, on_exit, 1, &child->on_exit) != napi_ok) return 0;
  if (uv_poll_init(loop, &child->poll, pidfd.get()) != 0) {
    (void)napi_delete_reference(env_, child->on_exit);
    return 0;
  }
  child->poll.data = child.get();
  child->parent = this;
  child->number = ++last_number_;
  child->pidfd = std::move(pidfd);
  Child* watched = child.release();
  children_.emplace(watched->number, watched);
  (void)uv_poll_start(&watched->poll, UV_READABLE, on_readable);
  return watched->number;
}

uint64_t Children::hold(Fd pidfd, napi_value on_exit) {
  const uint64_t number = watch(std::move(pidfd), on_exit);
  const auto found = children_.find(number);
  if (found == children_.end()) return 0;
  found->second->is_ours = false;
  keep_alive(number, false);
  return number;
}

void Children::on_readable(uv_poll_t* poll, int, int) {
  auto* child = static_cast<Child*>(poll->data);
  child->parent->tell(*child);
}

void Children::tell(Child& child) {
  int code = 0;
  int signal = 0;
  if (!child.is_ours) {
    code = -1;
  } else if (!take_end(child.pidfd.get(), code, signal)) {
    return;
  }
  reap_orphans();
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value function = nullptr;
  (void)napi_get_reference_value(env_, child.on_exit, &function);
  const napi_value arguments[] = {make_number(env_, code), make_number(env_, signal)};
  children_.erase(child.number);
  close(child);
  if (function) call_(function, code < 0 ? 0 : 2, arguments);
  (void)napi_close_handle_scope(env_, scope);
}

void Children::close(Child& child) {
  (void)napi_delete_reference(env_, child.on_exit);
  (void)uv_poll_stop(&child.poll);
  uv_close(reinterpret_cast<uv_handle_t*>(&child.poll),
           [](uv_handle_t* closed) { const std::unique_ptr<Child> owned(static_cast<Child*>(closed->data)); });
}

Failure Children::signal(uint64_t child, int number) const {
  const auto found = children_.find(child);
  if (found == children_.end()) return Failure{ESRCH, "pidfd_send_signal"};
  const int pidfd = found->second->pidfd.get();
  return ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == 0 ? Failure{} : failed("pidfd_send_signal");
}

void Children::let_go(uint64_t child) {
  const auto found = children_.find(child);
  if (found == children_.end()) return;
  close(*found->second);
  children_.erase(found);
}

void Children::keep_alive(uint64_t child, bool alive) {
  const auto found = children_.find(child);
  if (found == children_.end()) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(&found->second->poll);
  if (alive) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

bool Children::keeps_alive(uint64_t child) const {
  const auto found = children_.find(child);
  return found != children_.end() && uv_has_ref(reinterpret_cast<const uv_handle_t*>(&found->second->poll)) != 0;
}

void Children::end() {
  Orphans& orphans = orphans_of_process();
  for (const auto& [number, child] : children_) {
    close(*child);  // uv_close ends the poll at once
    if (!child->is_ours) continue;
    const std::lock_guard lock(orphans.mutex);
    orphans.pidfds.push_back(std::move(child->pidfd));
  }
  children_.clear();
  reap_orphans();
}

void Children::reap_orphans() {
  Orphans& orphans = orphans_of_process();
  const std::lock_guard lock(orphans.mutex);
  std::erase_if(orphans.pidfds, [](const Fd& pidfd) {
    int code = 0;
    int signal = 0;
    return take_end(pidfd.get(), code, signal);
  });
}

}  // namespace netloom
