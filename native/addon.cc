// The table of what JavaScript may call. Converts arguments and results and does nothing else; lib/native.ts is its
// typed face and checks the values. Here only what memory safety needs is checked: malformed arguments give -EINVAL.
#include <napi.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "environment.h"
#include "namespace_jobs.h"
#include "plan.h"
#include "transaction.h"
#include "values.h"

namespace netloom {
namespace {

std::optional<double> number(const Napi::Value& value) {
  if (!value.IsNumber()) return std::nullopt;
  return value.As<Napi::Number>().DoubleValue();
}

std::optional<std::string> text(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

Napi::Value status(Napi::Env env, Failure failure) {
  return Napi::Number::New(env, -failure.error);
}
Napi::Value malformed(Napi::Env env) {
  return Napi::Number::New(env, -EINVAL);
}

std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> found;
  for (size_t begin = 0, end; (end = names.find('\0', begin)) != std::string::npos; begin = end + 1) {
    found.push_back(names.substr(begin, end - begin));
  }
  return found;
}

}  // namespace

class NetloomAddon : public Napi::Addon<NetloomAddon> {
 public:
  NetloomAddon(Napi::Env env, Napi::Object exports) : environment_(env) {
    DefineAddon(exports, {
                             InstanceMethod("start", &NetloomAddon::Start),
                             InstanceMethod("createNetns", &NetloomAddon::CreateNetns),
                             InstanceMethod("openNetnsPath", &NetloomAddon::OpenNetnsPath),
                             InstanceMethod("openNetnsFd", &NetloomAddon::OpenNetnsFd),
                             InstanceMethod("openNetnsPid", &NetloomAddon::OpenNetnsPid),
                             InstanceMethod("openNetnsThread", &NetloomAddon::OpenNetnsThread),
                             InstanceMethod("deleteNetns", &NetloomAddon::DeleteNetns),
                             InstanceMethod("listNetns", &NetloomAddon::ListNetns),
                             InstanceMethod("listLeftovers", &NetloomAddon::ListLeftoverFiles),
                             InstanceMethod("closeNetns", &NetloomAddon::CloseNetns),
                             InstanceMethod("shareNetns", &NetloomAddon::ShareNetns),
                             InstanceMethod("adoptNetns", &NetloomAddon::AdoptNetns),
                             InstanceMethod("openSocket", &NetloomAddon::OpenInetSocket),
                             InstanceMethod("takeSocket", &NetloomAddon::TakeSocket),
                             InstanceMethod("transact", &NetloomAddon::Transact),
                             InstanceMethod("cancel", &NetloomAddon::Cancel),
                             InstanceMethod("progress", &NetloomAddon::Progress),
                             InstanceMethod("enter", &NetloomAddon::Enter),
                             InstanceMethod("leave", &NetloomAddon::Leave),
                             InstanceMethod("limit", &NetloomAddon::Limit),
                             InstanceMethod("end", &NetloomAddon::End),
                             InstanceMethod("scratch", &NetloomAddon::Scratch),
                             InstanceMethod("stats", &NetloomAddon::Stats),
                         });
  }

 private:
  using Info = const Napi::CallbackInfo&;

  Napi::Value Submit(Info info, JobPointer job, LaneName lane, std::vector<Use> uses = {}) {
    if (!environment_.started()) return malformed(info.Env());
    return {info.Env(), environment_.submit(std::move(job), lane, std::move(uses))};
  }

  // How something ended that needed no job, or failed before there was one.
  Napi::Value Ended(Info info, Failure failure, napi_value made = nullptr) {
    ArrayValue result(info.Env());
    result.push(failure.error);
    result.push(failure.call ? make_text(info.Env(), failure.call) : nullptr);
    result.push(made);
    return {info.Env(), result};
  }

  NamespacePointer Find(const Napi::Value& value) const {
    const auto handle = number(value);
    return handle ? environment_.find(static_cast<uint64_t>(*handle)) : nullptr;
  }

  // start(dispatch)
  Napi::Value Start(Info info) {
    if (!info[0].IsFunction()) return malformed(info.Env());
    environment_.start(info[0].As<Napi::Function>());
    return status(info.Env(), {});
  }

  // createNetns(path or '', ephemeral)
  Napi::Value CreateNetns(Info info) {
    const auto path = text(info[0]);
    if (!path || !info[1].IsBoolean()) return malformed(info.Env());
    auto job = std::make_shared<CreateNamespace>(*path, info[1].As<Napi::Boolean>().Value());
    return Submit(info, std::move(job), LaneName::mutation,
                  path->empty() ? std::vector<Use>{} : std::vector<Use>{use_of_path(*path, true)});
  }

  Napi::Value Open(Info info, OpenNamespace::Target target, std::vector<Use> uses = {}) {
    return Submit(info, std::make_shared<OpenNamespace>(std::move(target)), LaneName::read, std::move(uses));
  }

  // openNetnsPath(path)
  Napi::Value OpenNetnsPath(Info info) {
    const auto path = text(info[0]);
    return path ? Open(info, PathOf{*path}, {use_of_path(*path, false)}) : malformed(info.Env());
  }

  // openNetnsFd(fd): the descriptor is duplicated here and now, so the caller may close it.
  Napi::Value OpenNetnsFd(Info info) {
    const auto number_of = number(info[0]);
    if (!number_of) return malformed(info.Env());
    Fd fd;
    const Failure failure = environment_.duplicate(static_cast<int>(*number_of), fd);
    return failure ? Ended(info, failure) : Open(info, DescriptorOf{std::move(fd)});
  }

  // openNetnsPid(pid)
  Napi::Value OpenNetnsPid(Info info) {
    const auto pid = number(info[0]);
    return pid ? Open(info, ProcessOf{static_cast<pid_t>(*pid)}) : malformed(info.Env());
  }

  // openNetnsThread(tid)
  Napi::Value OpenNetnsThread(Info info) {
    const auto tid = number(info[0]);
    return tid ? Open(info, ThreadOf{static_cast<pid_t>(*tid)}) : malformed(info.Env());
  }

  // deleteNetns(path, handle of the namespace it must be, or 0)
  Napi::Value DeleteNetns(Info info) {
    const auto path = text(info[0]);
    if (!path || !info[1].IsNumber()) return malformed(info.Env());
    const NamespacePointer expected = Find(info[1]);
    std::vector<Use> uses{use_of_path(*path, true)};
    if (expected) uses.push_back(Use{expected->identity(), true});
    return Submit(info, std::make_shared<DeleteNamespace>(*path, expected), LaneName::mutation, std::move(uses));
  }

  // listNetns(directory)
  Napi::Value ListNetns(Info info) {
    const auto directory = text(info[0]);
    if (!directory) return malformed(info.Env());
    return Submit(info, std::make_shared<ListNamespaces>(*directory), LaneName::read);
  }

  // listLeftovers(directory)
  Napi::Value ListLeftoverFiles(Info info) {
    const auto directory = text(info[0]);
    if (!directory) return malformed(info.Env());
    return Submit(info, std::make_shared<ListLeftovers>(*directory), LaneName::read);
  }

  // closeNetns(handle)
  Napi::Value CloseNetns(Info info) {
    const auto handle = number(info[0]);
    return {info.Env(), make_boolean(info.Env(), handle && environment_.close(static_cast<uint64_t>(*handle)))};
  }

  // shareNetns(handle): [name of the registry, number in it], or undefined if the handle is closed
  Napi::Value ShareNetns(Info info) {
    const auto handle = number(info[0]);
    const uint64_t shared = handle ? environment_.share(static_cast<uint64_t>(*handle)) : 0;
    if (shared == 0) return info.Env().Undefined();
    ArrayValue result(info.Env());
    result.push(make_text(info.Env(), Share::registry()));
    result.push(static_cast<double>(shared));
    return {info.Env(), result};
  }

  // adoptNetns(name of the registry, number in it, device, inode): [errno, system call, [handle, device, inode]]
  Napi::Value AdoptNetns(Info info) {
    const auto registry = text(info[0]);
    const auto shared = number(info[1]);
    const auto device = number(info[2]);
    const auto inode = number(info[3]);
    if (!registry || !shared || !device || !inode) return Ended(info, Failure{EINVAL, nullptr});
    if (*registry != Share::registry()) return Ended(info, Failure{EXDEV, nullptr});
    NamespacePointer adopted;
    const Identity expected{static_cast<uint64_t>(*device), static_cast<uint64_t>(*inode)};
    const Failure failure = environment_.adopt(static_cast<uint64_t>(*shared), expected, adopted);
    if (failure) return Ended(info, failure);
    return Ended(info, {}, describe({info.Env(), environment_, {}}, std::move(adopted)));
  }

  // openSocket(handle, 4 or 6, 'tcp' or 'udp', ipv6Only, host or '', port, device or '')
  Napi::Value OpenInetSocket(Info info) {
    const NamespacePointer netns = Find(info[0]);
    const auto version = number(info[1]);
    const auto type = text(info[2]);
    const auto host = text(info[4]);
    const auto port = number(info[5]);
    const auto device = text(info[6]);
    if (!netns || !version || !type || !info[3].IsBoolean() || !host || !port || !device) return malformed(info.Env());
    OpenSocket::Options options{*version == 6 ? AF_INET6 : AF_INET,  *type == "udp" ? SOCK_DGRAM : SOCK_STREAM,
                                info[3].As<Napi::Boolean>().Value(), *host,
                                static_cast<uint16_t>(*port),        *device};
    const Use use{netns->identity(), false};
    return Submit(info, std::make_shared<OpenSocket>(netns, std::move(options)), LaneName::read, {use});
  }

  // transact(lane, plan, bytes, device names and paths, each with a NUL at its end, or undefined for none)
  Napi::Value Transact(Info info) {
    const napi_env env = info.Env();
    const auto lane = number(info[0]);
    const auto words = view_of<const int32_t>(env, info[1], napi_int32_array);
    const auto bytes = view_of<const uint8_t>(env, info[2], napi_uint8_array);
    const auto names = info[3].IsUndefined() ? std::string() : text(info[3]);
    if (!lane || *lane < 0 || *lane >= kLaneCount || !words || !bytes || !names) return malformed(env);
    auto plan = Plan::open(*words, bytes->size());
    if (!plan) return malformed(env);
    const auto name = static_cast<LaneName>(static_cast<int>(*lane));
    const bool changes = name != LaneName::look && name != LaneName::read;
    Script script;
    std::vector<Use> uses;
    for (size_t i = 0; i < plan->namespaces(); ++i) {
      const uint64_t handle = plan->handle(i);
      NamespacePointer netns = environment_.find(handle);
      if (!netns && handle == 0) {  // to be created
        script.namespaces.emplace_back();
        continue;
      }
      if (!netns) return status(env, Failure{EBADF, nullptr});
      const auto is_it = [&](const Use& use) { return use.of == netns->identity(); };
      if (std::none_of(uses.begin(), uses.end(), is_it)) uses.push_back(Use{netns->identity(), changes});
      script.namespaces.push_back(std::move(netns));
    }
    script.bytes.assign(bytes->begin(), bytes->begin() + static_cast<ptrdiff_t>(plan->bytes()));
    script.names = split(*names);
    if (!plan->read(script)) return malformed(env);
    auto job = std::make_shared<Transaction>(std::move(script));
    if (environment_.job_count() == 0) job->expect_answer();
    return Submit(info, std::move(job), name, std::move(uses));
  }

  // cancel(job)
  Napi::Value Cancel(Info info) {
    const auto job = number(info[0]);
    if (!job) return malformed(info.Env());
    return {info.Env(), make_number(info.Env(), environment_.cancel(static_cast<uint64_t>(*job)))};
  }

  // progress(job)
  Napi::Value Progress(Info info) {
    const auto job = number(info[0]);
    if (!job) return malformed(info.Env());
    return {info.Env(),
            make_number(info.Env(), static_cast<double>(environment_.progress(static_cast<uint64_t>(*job))))};
  }

  // takeSocket(number): its descriptor, which belongs to the caller, or -1
  Napi::Value TakeSocket(Info info) {
    const auto socket = number(info[0]);
    const int fd = socket ? environment_.take_socket(static_cast<uint64_t>(*socket)) : -1;
    return {info.Env(), make_number(info.Env(), fd)};
  }

  // enter(handle): how it failed, or undefined
  Napi::Value Enter(Info info) {
    const NamespacePointer netns = Find(info[0]);
    const Failure failure = netns ? environment_.enter(*netns) : Failure{EBADF, "setns"};
    return failure ? Ended(info, failure) : info.Env().Undefined();
  }

  // leave(): how it failed, or undefined
  Napi::Value Leave(Info info) {
    const Failure failure = environment_.leave();
    return failure ? Ended(info, failure) : info.Env().Undefined();
  }

  // limit(descriptors that the jobs of a lane may hold before they are delivered, sockets that stay open)
  Napi::Value Limit(Info info) {
    const auto opening = number(info[0]);
    const auto sockets = number(info[1]);
    if (!opening || !sockets || !(*opening >= 1) || !(*sockets >= 1)) return malformed(info.Env());
    environment_.limit(static_cast<size_t>(*opening), static_cast<size_t>(*sockets));
    return status(info.Env(), {});
  }

  // end()
  void End(Info) { environment_.end(); }

  // scratch(): the ArrayBuffer where the answer of a transaction that ended at once may lie
  Napi::Value Scratch(Info info) { return {info.Env(), environment_.scratch()}; }

  // stats(): [handles, jobs, threads]
  Napi::Value Stats(Info info) {
    ArrayValue stats(info.Env());
    stats.push(static_cast<double>(environment_.handle_count()));
    stats.push(static_cast<double>(environment_.job_count()));
    stats.push(static_cast<double>(environment_.thread_count()));
    return {info.Env(), stats};
  }

  Environment environment_;
};

NODE_API_ADDON(NetloomAddon)

}  // namespace netloom
