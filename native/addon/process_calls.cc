// What JavaScript may call on processes.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "addon/addon.h"
#include "launch/launcher_process.h"
#include "node/arguments.h"
#include "node/values.h"
#include "processes/launch_request.h"
#include "processes/process_jobs.h"

namespace netloom {
namespace {

// Texts, each with a NUL at its end.
std::vector<std::string> texts(const std::string& all) {
  std::vector<std::string> found;
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\0', begin), all.size());
    found.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return found;
}

// [flags, kinds that are made, uid, gid, capabilities low, high], then the kinds that are joined.
constexpr size_t kNumbers = 6;

bool read(const Napi::CallbackInfo& info, NamespacePointer netns, LaunchRequest& request) {
  const auto words = text(info[1]);
  const auto mounts = text(info[2]);
  const auto numbers = view_of<uint32_t>(info.Env(), info[3], napi_uint32_array);
  const auto joined = text(info[4]);
  const auto groups = view_of<uint32_t>(info.Env(), info[5], napi_uint32_array);
  const auto seccomp = view_of<const uint8_t>(info.Env(), info[6], napi_uint8_array);
  if (!netns || !words || !mounts || !numbers || !joined || !groups || !seccomp || numbers->size() < kNumbers)
    return false;
  std::vector<std::string> named = texts(*words);
  request.joined = texts(*joined);
  if (named.size() != 7 || request.joined.size() != numbers->size() - kNumbers) return false;
  const auto& all = *numbers;
  request.netns = std::move(netns);
  request.flags = all[0];
  request.made = static_cast<int>(all[1]);
  request.uid = all[2];
  request.gid = all[3];
  request.capabilities = all[4] | static_cast<uint64_t>(all[5]) << 32;
  request.joined_kinds = all.subspan(kNumbers);
  request.directory = std::move(named[0]);
  request.etc_directory = std::move(named[1]);
  request.host_name = std::move(named[2]);
  request.domain_name = std::move(named[3]);
  request.uid_map = std::move(named[4]);
  request.gid_map = std::move(named[5]);
  request.cgroup = std::move(named[6]);
  request.mounts = *mounts;
  request.groups = *groups;
  request.seccomp = *seccomp;
  return true;
}

}  // namespace

Napi::Value NetloomAddon::PrepareProcess(Info info) {
  LaunchRequest request;
  if (!read(info, Find(info[0]), request)) return malformed(info.Env());
  WorkerChildren::reap_orphans();
  const auto count = number(info[7]);
  if (!count || !(*count >= 0 && *count < 4096)) return malformed(info.Env());
  Fd ours, theirs;
  const Failure failure = environment_.with_room([&] {
    // Of those that Node opens when it has the plan it would lose some, were there too few.
    if (Failure why = reserve_descriptors(static_cast<size_t>(*count))) return why;
    return prepare_launch(request, ours, theirs);
  });
  if (failure) return Ended(info, failure);
  ArrayValue made(info.Env());
  made.push(theirs.get());
  made.push(static_cast<double>(environment_.worker_children().keep({std::move(ours), std::move(theirs)})));
  return Ended(info, {}, made);
}

Napi::Value NetloomAddon::AwaitProcess(Info info) {
  const auto prepared = number(info[0]);
  const auto pid = number(info[1]);
  if (!prepared || !pid) return malformed(info.Env());
  PreparedLaunch launch = environment_.worker_children().take(static_cast<uint64_t>(*prepared));
  // The launcher has it, and its end is to be seen.
  launch.theirs.reset();
  // Before anything is waited for: this thread may be terminated meanwhile.
  const bool noted = *pid > 0 && boolean(info[2]).value_or(false);
  const uint64_t child = noted ? environment_.worker_children().note(static_cast<pid_t>(*pid)) : 0;
  const Failure failure = !launch.ours ? Failure{EBADF, "launch"}
                          : *pid > 0   ? await_launch(launch.ours.get(), static_cast<pid_t>(*pid))
                                       : Failure{};
  return Ended(info, failure, make_number(info.Env(), static_cast<double>(child)));
}

Napi::Value NetloomAddon::ForgetChild(Info info) {
  const auto child = number(info[0]);
  if (!child) return malformed(info.Env());
  environment_.worker_children().forget(static_cast<uint64_t>(*child));
  return info.Env().Undefined();
}

Napi::Value NetloomAddon::SignalProcess(Info info) {
  const auto process = number(info[0]);
  const auto signal = number(info[1]);
  if (!process || !signal) return malformed(info.Env());
  const Failure failure =
      environment_.held_processes().signal(static_cast<uint64_t>(*process), static_cast<int>(*signal));
  return {info.Env(), make_number(info.Env(), -failure.error)};
}

Napi::Value NetloomAddon::HoldProcess(Info info) {
  const auto pid = number(info[0]);
  if (!pid || !info[1].IsFunction()) return malformed(info.Env());
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(*pid), 0)));
  if (!pidfd) return {info.Env(), make_number(info.Env(), -errno)};
  return {info.Env(),
          make_number(info.Env(), static_cast<double>(environment_.held_processes().hold(std::move(pidfd), info[1])))};
}

Napi::Value NetloomAddon::LetGoOfProcess(Info info) {
  const auto held = number(info[0]);
  if (!held) return malformed(info.Env());
  environment_.held_processes().let_go(static_cast<uint64_t>(*held));
  return info.Env().Undefined();
}

Napi::Value NetloomAddon::ListNetnsProcesses(Info info) {
  const NamespacePointer netns = Find(info[0]);
  if (!netns) return malformed(info.Env());
  return Submit(info, std::make_shared<ListProcesses>(netns), LaneName::read);
}

Napi::Value NetloomAddon::SignalNetnsProcesses(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto signal = number(info[1]);
  if (!netns || !signal) return malformed(info.Env());
  return Submit(info, std::make_shared<SignalProcesses>(netns, static_cast<int>(*signal)), LaneName::read);
}

}  // namespace netloom
