// Functions for network namespaces.
#include "addon/addon.h"
#include "base/namespace_kinds.h"
#include "netns/share.h"
#include "node/arguments.h"
#include "node/values.h"

namespace netloom {

Napi::Value NetloomAddon::CreateNetns(Info info) {
  const auto path = text(info[0]);
  if (!path || !info[1].IsBoolean()) return malformed(info.Env());
  auto job = std::make_shared<CreateNamespace>(*path, info[1].As<Napi::Boolean>().Value());
  return Submit(info, std::move(job), LaneName::mutation,
                path->empty() ? std::vector<Use>{} : std::vector<Use>{use_of_path(*path, true)});
}

Napi::Value NetloomAddon::Open(Info info, OpenNamespace::Target target, std::vector<Use> uses) {
  return Submit(info, std::make_shared<OpenNamespace>(std::move(target)), LaneName::read, std::move(uses));
}

Napi::Value NetloomAddon::OpenNetnsPath(Info info) {
  const auto path = text(info[0]);
  return path ? Open(info, PathOf{*path}, {use_of_path(*path, false)}) : malformed(info.Env());
}

Napi::Value NetloomAddon::OpenNetnsFd(Info info) {
  const auto number_of = number(info[0]);
  if (!number_of) return malformed(info.Env());
  Fd fd;
  const Failure failure = environment_.duplicate(static_cast<int>(*number_of), fd);
  return failure ? Ended(info, failure) : Open(info, DescriptorOf{std::move(fd)});
}

Napi::Value NetloomAddon::OpenNetnsPid(Info info) {
  const auto pid = number(info[0]);
  return pid ? Open(info, ProcessOf{static_cast<pid_t>(*pid)}) : malformed(info.Env());
}

Napi::Value NetloomAddon::OpenNetnsThread(Info info) {
  const auto tid = number(info[0]);
  return tid ? Open(info, ThreadOf{static_cast<pid_t>(*tid)}) : malformed(info.Env());
}

Napi::Value NetloomAddon::DeleteNetns(Info info) {
  const auto joined = text(info[0]);
  const auto handles = view_of<const double>(info.Env(), info[1], napi_float64_array);
  if (!joined || !handles) return malformed(info.Env());
  std::vector<std::string> paths = split(*joined);
  if (paths.size() != handles->size()) return malformed(info.Env());
  std::vector<DeleteNamespaces::Deletion> deletions;
  std::vector<Use> uses;
  for (size_t i = 0; i < paths.size(); ++i) {
    uses.push_back(use_of_path(paths[i], true));
    const auto handle = static_cast<uint64_t>((*handles)[i]);
    const NamespacePointer expected = environment_.find(handle);
    if (handle != 0 && !expected) return status(info.Env(), Failure{EBADF, nullptr});  // not whatever is there
    if (expected) uses.push_back(Use{expected->identity(), true});
    deletions.push_back({std::move(paths[i]), expected, {}, {}});
  }
  return Submit(info, std::make_shared<DeleteNamespaces>(std::move(deletions)), LaneName::mutation, std::move(uses));
}

Napi::Value NetloomAddon::CloseManyNetns(Info info) {
  const auto handles = view_of<const double>(info.Env(), info[0], napi_float64_array);
  if (!handles) return malformed(info.Env());
  std::vector<NamespacePointer> closed;
  for (const double handle : *handles) {
    const auto number = static_cast<uint64_t>(handle);
    NamespacePointer netns = environment_.find(number);
    if (netns && environment_.close(number)) closed.push_back(std::move(netns));
  }
  return Submit(info, std::make_shared<CloseNamespaces>(std::move(closed)), LaneName::removal);
}

Napi::Value NetloomAddon::RemoveLeftoverFile(Info info) {
  const auto path = text(info[0]);
  if (!path) return malformed(info.Env());
  return Submit(info, std::make_shared<RemoveLeftover>(*path), LaneName::mutation, {use_of_path(*path, true)});
}

Napi::Value NetloomAddon::ListNetns(Info info) {
  const auto directory = text(info[0]);
  if (!directory) return malformed(info.Env());
  return Submit(info, std::make_shared<ListNamespaces>(*directory), LaneName::read);
}

Napi::Value NetloomAddon::ReleasePrefetchedNetns(Info info) {
  return Submit(info, std::make_shared<ReleasePrefetched>(), LaneName::mutation);
}

Napi::Value NetloomAddon::ListLeftoverFiles(Info info) {
  const auto directory = text(info[0]);
  if (!directory) return malformed(info.Env());
  return Submit(info, std::make_shared<ListLeftovers>(*directory), LaneName::read);
}

Napi::Value NetloomAddon::CloseNetns(Info info) {
  const auto handle = number(info[0]);
  return {info.Env(), make_boolean(info.Env(), handle && environment_.close(static_cast<uint64_t>(*handle)))};
}

Napi::Value NetloomAddon::ShareNetns(Info info) {
  const auto handle = number(info[0]);
  const uint64_t shared = handle ? environment_.share(static_cast<uint64_t>(*handle)) : 0;
  if (shared == 0) return info.Env().Undefined();
  ArrayValue result(info.Env());
  result.push(make_text(info.Env(), Share::registry()));
  result.push(static_cast<double>(shared));
  return {info.Env(), result};
}

Napi::Value NetloomAddon::AdoptNetns(Info info) {
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

Napi::Value NetloomAddon::Enter(Info info) {
  const NamespacePointer entered = Find(info[0]);
  const auto kind = text(info[1]);
  if (!kind || flag_of(*kind) == 0) return Ended(info, Failure{EINVAL, nullptr});
  const Failure failure = entered ? environment_.enter(*entered, flag_of(*kind)) : Failure{EBADF, "setns"};
  return failure ? Ended(info, failure) : info.Env().Undefined();
}

Napi::Value NetloomAddon::Leave(Info info) {
  const Failure failure = environment_.leave();
  return failure ? Ended(info, failure) : info.Env().Undefined();
}

}  // namespace netloom
