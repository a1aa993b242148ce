// What JavaScript may call on processes.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "addon.h"
#include "arguments.h"
#include "process.h"
#include "process_jobs.h"
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

}  // namespace

Napi::Value NetloomAddon::StartProcess(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto words = text(info[1]);
  const auto arguments = text(info[2]);
  const auto environment = text(info[3]);
  const auto stdio = view_of<int32_t>(info.Env(), info[4], napi_int32_array);
  const auto numbers = view_of<uint32_t>(info.Env(), info[5], napi_uint32_array);
  const auto joined = text(info[6]);
  if (!netns || !words || !arguments || !environment || !stdio || !numbers || numbers->size() < 4 || !joined ||
      !info[7].IsFunction())
    return malformed(info.Env());
  std::vector<std::string> named = texts(*words);
  std::vector<std::string> places = texts(*joined);
  if (named.size() != 7 || places.size() != numbers->size() - 4) return malformed(info.Env());
  const uint32_t flags = (*numbers)[0];
  ProcessRequest request;
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

  StartedProcess started;
  const Failure failure = environment_.start_process([&]() -> Failure {
    request.joined.clear();
    started = {};
    Fd own;
    UserNamespacePointer user;
    // Who may enter it by its user namespace alone.
    if (::geteuid() != 0 && !netns->owner(user) && !user->is_own()) {
      Fd by;
      if (Failure why = duplicate_kind(user->fd(), CLONE_NEWUSER, by)) return why;
      request.joined.push_back({std::move(by), CLONE_NEWUSER});
    }
    if (Failure why = duplicate_kind(netns->fd(), CLONE_NEWNET, own)) return why;
    request.joined.push_back({std::move(own), CLONE_NEWNET});
    for (size_t i = 0; i < places.size(); ++i) {
      if (Failure why = open_joined((*numbers)[4 + i], places[i], request)) return why;
    }
    return netloom::start_process(request, started);
  });
  ArrayValue made(info.Env());
  const pid_t pid = started.pid;
  made.push(static_cast<double>(pid));
  made.push(failure ? 0.0 : static_cast<double>(environment_.children().watch(std::move(started.pidfd), info[7])));
  for (Fd& end : started.ends)
    made.push(end ? static_cast<double>(environment_.keep(std::move(end))) : 0.0);
  return Ended(info, failure, made);
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
