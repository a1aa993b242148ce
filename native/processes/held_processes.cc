#include "processes/held_processes.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "node/values.h"

namespace netloom {

uint64_t HeldProcesses::hold(Fd pidfd, napi_value on_end) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok) return 0;
  auto process = std::make_unique<Process>();
  if (napi_create_reference(env_, on_end, 1, &process->on_end) != napi_ok) return 0;
  if (uv_poll_init(loop, &process->poll, pidfd.get()) != 0) {
    (void)napi_delete_reference(env_, process->on_end);
    return 0;
  }
  process->poll.data = process.get();
  process->parent = this;
  process->number = ++last_number_;
  process->pidfd = std::move(pidfd);
  Process* held = process.release();
  processes_.emplace(held->number, held);
  (void)uv_poll_start(&held->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto* ended = static_cast<Process*>(poll->data);
    ended->parent->tell(*ended);
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(&held->poll));
  return held->number;
}

void HeldProcesses::tell(Process& process) {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value function = nullptr;
  (void)napi_get_reference_value(env_, process.on_end, &function);
  processes_.erase(process.number);
  close(process);
  if (function) call_(function);
  (void)napi_close_handle_scope(env_, scope);
}

void HeldProcesses::close(Process& process) {
  (void)napi_delete_reference(env_, process.on_end);
  (void)uv_poll_stop(&process.poll);
  uv_close(reinterpret_cast<uv_handle_t*>(&process.poll),
           [](uv_handle_t* closed) { const std::unique_ptr<Process> owned(static_cast<Process*>(closed->data)); });
}

Failure HeldProcesses::signal(uint64_t process, int number) const {
  const auto found = processes_.find(process);
  if (found == processes_.end()) return Failure{ESRCH, "pidfd_send_signal"};
  const int pidfd = found->second->pidfd.get();
  return ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == 0 ? Failure{} : failed("pidfd_send_signal");
}

void HeldProcesses::let_go(uint64_t process) {
  const auto found = processes_.find(process);
  if (found == processes_.end()) return;
  close(*found->second);
  processes_.erase(found);
}

void HeldProcesses::end() {
  for (const auto& [number, process] : processes_)
    close(*process);  // uv_close ends the poll at once
  processes_.clear();
}

}  // namespace netloom
