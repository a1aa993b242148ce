// Functions for processes.
#include <sys/syscall.h>
#include <unistd.h>

#include "addon/addon.h"
#include "node/arguments.h"
#include "node/values.h"
#include "processes/launch_request.h"

namespace netloom {
std::optional<LaunchPlan> NetloomAddon::PlanOf(const Napi::Value& value) const {
  const auto bytes = view_of<const uint8_t>(value.Env(), value, napi_uint8_array);
  return bytes ? LaunchPlan::read(*bytes) : std::nullopt;
}

Napi::Value NetloomAddon::PrepareProcess(Info info) {
  const NamespacePointer netns = Find(info[0]);
  auto plan = PlanOf(info[1]);
  const auto kinds = view_of<uint32_t>(info.Env(), info[2], napi_uint32_array);
  const auto places = text(info[3]);
  const auto count = number(info[4]);
  if (!netns || !plan || !kinds || !places || !count || !(*count >= 0 && *count < 4096)) return malformed(info.Env());
  std::vector<Joined> joined;
  std::vector<std::string> all = split(*places);
  if (all.size() != kinds->size()) return malformed(info.Env());
  for (size_t i = 0; i < all.size(); ++i)
    joined.push_back({static_cast<int>((*kinds)[i]), std::move(all[i])});
  WorkerChildren::reap_orphans();
  PreparedLaunch launch;
  const Failure failure = environment_.with_room([&] {
    // Node leaks descriptors if it runs out of them while it starts a process.
    if (Failure why = reserve_descriptors(static_cast<size_t>(*count))) return why;
    return prepare_launch(*netns, *plan, joined, launch);
  });
  if (failure) return Ended(info, failure);
  ArrayValue made(info.Env());
  made.push(launch.theirs.get());
  made.push(static_cast<double>(environment_.worker_children().keep(std::move(launch))));
  return Ended(info, {}, made);
}

Napi::Value NetloomAddon::AwaitProcess(Info info) {
  const auto prepared = number(info[0]);
  const auto pid = number(info[1]);
  if (!prepared || !pid) return malformed(info.Env());
  PreparedLaunch launch = environment_.worker_children().take(static_cast<uint64_t>(*prepared));
  // The launcher has its own copy; with this one open, the end of the stream would not be seen.
  launch.theirs.reset();
  // Before any wait: this thread may be terminated meanwhile.
  const bool noted = *pid > 0 && boolean(info[2]).value_or(false);
  const uint64_t child = noted ? environment_.worker_children().note(static_cast<pid_t>(*pid)) : 0;
  const Failure failure = !launch.ours ? Failure{EBADF, "launch"}
                          : *pid > 0   ? await_launch(launch, static_cast<pid_t>(*pid))
                                       : Failure{};
  return Ended(info, failure, make_number(info.Env(), static_cast<double>(child)));
}

Napi::Value NetloomAddon::ForgetChild(Info info) {
  const auto child = number(info[0]);
  if (!child) return malformed(info.Env());
  environment_.worker_children().forget(static_cast<uint64_t>(*child));
  return info.Env().Undefined();
}

Napi::Value NetloomAddon::OpenProcess(Info info) {
  const auto pid = number(info[0]);
  if (!pid) return malformed(info.Env());
  Fd pidfd;
  const Failure failure = environment_.with_room([&] {
    pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(*pid), 0)));
    return pidfd ? Failure{} : failed("pidfd_open");
  });
  if (failure) return status(info.Env(), failure);
  return {info.Env(), make_number(info.Env(), static_cast<double>(environment_.keep_datagrams(std::move(pidfd),
                                                                                              Datagrams::Via::file)))};
}

Napi::Value NetloomAddon::SignalProcess(Info info) {
  const Datagrams* process = FindDatagrams(info[0]);
  const auto signal = number(info[1]);
  if (!signal) return malformed(info.Env());
  const bool sent =
      process && ::syscall(SYS_pidfd_send_signal, process->fd(), static_cast<int>(*signal), nullptr, 0) == 0;
  return status(info.Env(), sent ? Failure{} : Failure{process ? errno : ESRCH, nullptr});
}

}  // namespace netloom
