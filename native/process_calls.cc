// What JavaScript may call on processes.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "addon.h"
#include "arguments.h"
#include "process.h"
#include "process_jobs.h"
#include "process_wait.h"
#include "values.h"

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

// Flags of a ProcessRequest, as lib/native/process_calls.ts has them.
enum Flag : uint32_t { kDetached = 1, kDiesWithParent = 2, kUid = 4, kGid = 8, kEtc = 16 };

// A namespace that is joined: its kind, and its descriptor or path.
Failure open_joined(uint32_t kind, const std::string& where, ProcessRequest& request) {
  Fd fd;
  const bool is_path = !where.empty() && where.front() == '/';
  const int flag = static_cast<int>(kind);
  const Failure failure = is_path ? open_kind(where, flag, fd) : duplicate_kind(std::atoi(where.c_str()), flag, fd);
  if (!failure) request.joined.push_back({std::move(fd), flag});
  return failure;
}

// What is asked of those who start a process.
struct Asked {
  NamespacePointer netns;
  ProcessRequest request;
  std::vector<std::string> places;  // of what is joined
  std::span<const uint32_t> kinds;  // of the same
};

// The arguments up to what is joined, as StartProcess has them.
bool read(const Napi::CallbackInfo& info, NamespacePointer netns, Asked& asked) {
  const auto words = text(info[1]);
  const auto arguments = text(info[2]);
  const auto environment = text(info[3]);
  const auto stdio = view_of<int32_t>(info.Env(), info[4], napi_int32_array);
  const auto numbers = view_of<uint32_t>(info.Env(), info[5], napi_uint32_array);
  const auto joined = text(info[6]);
  if (!netns || !words || !arguments || !environment || !stdio || !numbers || numbers->size() < 4 || !joined)
    return false;
  std::vector<std::string> named = texts(*words);
  asked.places = texts(*joined);
  if (named.size() != 7 || asked.places.size() != numbers->size() - 4) return false;
  const uint32_t flags = (*numbers)[0];
  ProcessRequest& request = asked.request;
  request.file = std::move(named[0]);
  request.directory = std::move(named[1]);
  request.etc_directory = std::move(named[2]);
  request.host_name = std::move(named[3]);
  request.domain_name = std::move(named[4]);
  request.uid_map = std::move(named[5]);
  request.gid_map = std::move(named[6]);
  request.arguments = texts(*arguments);
  request.environment = texts(*environment);
  request.stdio.assign(stdio->begin(), stdio->end());
  request.detached = (flags & kDetached) != 0;
  request.dies_with_parent = (flags & kDiesWithParent) != 0;
  if ((flags & kUid) != 0) request.uid = (*numbers)[1];
  if ((flags & kGid) != 0) request.gid = (*numbers)[2];
  request.etc = (flags & kEtc) != 0;
  request.made = static_cast<int>((*numbers)[3]);
  asked.kinds = numbers->subspan(4);
  asked.netns = std::move(netns);
  return true;
}

Failure start(Environment& environment, Asked& asked, StartedProcess& started) {
  return environment.start_process([&]() -> Failure {
    ProcessRequest& request = asked.request;
    request.joined.clear();
    started = {};
    Fd own;
    UserNamespacePointer user;
    // Who may enter it by its user namespace alone.
    if (::geteuid() != 0 && !asked.netns->owner(user) && !user->is_own()) {
      Fd by;
      if (Failure why = duplicate_kind(user->fd(), CLONE_NEWUSER, by)) return why;
      request.joined.push_back({std::move(by), CLONE_NEWUSER});
    }
    if (Failure why = duplicate_kind(asked.netns->fd(), CLONE_NEWNET, own)) return why;
    request.joined.push_back({std::move(own), CLONE_NEWNET});
    for (size_t i = 0; i < asked.places.size(); ++i) {
      if (Failure why = open_joined(asked.kinds[i], asked.places[i], request)) return why;
    }
    return start_process(request, started);
  });
}

// Uses of a pipe, as lib/native/process_jobs.ts has them.
enum Use : uint32_t { kReads = 1, kWrites = 2 };

}  // namespace

Napi::Value NetloomAddon::StartProcess(Info info) {
  Asked asked;
  if (!read(info, Find(info[0]), asked) || !info[7].IsFunction()) return malformed(info.Env());
  StartedProcess started;
  const Failure failure = start(environment_, asked, started);
  ArrayValue made(info.Env());
  const pid_t pid = started.pid;
  made.push(static_cast<double>(pid));
  made.push(failure ? 0.0 : static_cast<double>(environment_.children().watch(std::move(started.pidfd), info[7])));
  for (Fd& end : started.ends)
    made.push(end ? static_cast<double>(environment_.keep(std::move(end))) : 0.0);
  return Ended(info, failure, made);
}

Napi::Value NetloomAddon::RunProcess(Info info) {
  Asked asked;
  const auto input = view_of<const uint8_t>(info.Env(), info[7], napi_uint8_array);
  const auto limits = view_of<const double>(info.Env(), info[8], napi_float64_array);
  if (!read(info, Find(info[0]), asked) || !input || !limits) return malformed(info.Env());
  const size_t count = asked.request.stdio.size();
  if (limits->size() != 3 + 2 * count) return malformed(info.Env());
  std::vector<PipeUse> uses;
  std::span<const uint8_t> left = *input;
  for (size_t i = 0; i < count; ++i) {
    const auto use = static_cast<uint32_t>((*limits)[3 + 2 * i]);
    const auto size = static_cast<size_t>((*limits)[4 + 2 * i]);
    if (size > left.size()) return malformed(info.Env());
    uses.push_back({(use & kReads) != 0, (use & kWrites) != 0, left.first(size)});
    left = left.subspan(size);
  }
  StartedProcess started;
  if (Failure failure = start(environment_, asked, started)) return Ended(info, failure);
  const WaitLimits bounds{(*limits)[0], (*limits)[1], static_cast<int>((*limits)[2])};
  const Waited waited = wait_for(started, uses, bounds);
  ArrayValue made(info.Env());
  for (const int word : {static_cast<int>(started.pid), waited.error, waited.code, waited.signal})
    made.push(static_cast<double>(word));
  for (size_t i = 0; i < count; ++i) {
    const std::vector<uint8_t>& output = waited.outputs[i];
    made.push(uses[i].writes ? make_bytes(info.Env(), output.data(), output.size()) : nullptr);
  }
  return Ended(info, {}, made);
}

Napi::Value NetloomAddon::SignalProcess(Info info) {
  const auto child = number(info[0]);
  const auto signal = number(info[1]);
  if (!child || !signal) return malformed(info.Env());
  const Failure failure = environment_.children().signal(static_cast<uint64_t>(*child), static_cast<int>(*signal));
  return {info.Env(), make_number(info.Env(), -failure.error)};
}

// Somebody else's child: its end is told without a code.
Napi::Value NetloomAddon::HoldProcess(Info info) {
  const auto pid = number(info[0]);
  if (!pid || !info[1].IsFunction()) return malformed(info.Env());
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(*pid), 0)));
  if (!pidfd) return {info.Env(), make_number(info.Env(), 0)};
  return {info.Env(),
          make_number(info.Env(), static_cast<double>(environment_.children().hold(std::move(pidfd), info[1])))};
}

Napi::Value NetloomAddon::LetGoOfProcess(Info info) {
  const auto held = number(info[0]);
  if (!held) return malformed(info.Env());
  environment_.children().let_go(static_cast<uint64_t>(*held));
  return info.Env().Undefined();
}

Napi::Value NetloomAddon::KeepAliveForProcess(Info info) {
  const auto child = number(info[0]);
  if (!child) return malformed(info.Env());
  if (const auto alive = boolean(info[1])) environment_.children().keep_alive(static_cast<uint64_t>(*child), *alive);
  return {info.Env(), make_boolean(info.Env(), environment_.children().keeps_alive(static_cast<uint64_t>(*child)))};
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
