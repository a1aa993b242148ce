// Functions for namespaces of all kinds.
#include <linux/nsfs.h>

#include "addon/addon.h"
#include "base/namespace_kinds.h"
#include "namespaces/kind_jobs.h"
#include "node/arguments.h"

namespace netloom {

Napi::Value NetloomAddon::CreateNamespaces(Info info) {
  auto plan = PlanOf(info[0]);
  if (!plan) return malformed(info.Env());
  return Submit(info, std::make_shared<CreateSet>(std::move(*plan)), LaneName::mutation);
}

Napi::Value NetloomAddon::OpenNamespaceOfKind(Info info) {
  const auto kind = text(info[0]);
  const auto source = text(info[1]);
  if (!kind || !source) return malformed(info.Env());
  const int flag = flag_of(*kind);
  const auto open = [&](OpenNamespace::Target target, std::vector<Use> uses = {}) {
    return Submit(info, std::make_shared<OpenKind>(std::move(target), flag), LaneName::read, std::move(uses));
  };
  if (*source == "path") {
    const auto path = text(info[2]);
    return path ? open(PathOf{*path}, {use_of_path(*path, false)}) : malformed(info.Env());
  }
  const auto value = number(info[2]);
  if (!value) return malformed(info.Env());
  if (*source == "fd") {
    Fd fd;
    const Failure failure = environment_.duplicate(static_cast<int>(*value), fd);
    return failure ? Ended(info, failure) : open(DescriptorOf{std::move(fd)});
  }
  if (flag == 0) return malformed(info.Env());
  if (*source == "pid") return open(ProcessOf{static_cast<pid_t>(*value)});
  return open(ThreadOf{static_cast<pid_t>(*value)});
}

Napi::Value NetloomAddon::OpenRelativeNamespace(Info info) {
  const NamespacePointer of = Find(info[0]);
  if (!of) return status(info.Env(), Failure{EBADF, nullptr});
  if (!info[1].IsBoolean()) return malformed(info.Env());
  const unsigned long request = info[1].As<Napi::Boolean>().Value() ? NS_GET_PARENT : NS_GET_USERNS;
  return Submit(info, std::make_shared<OpenRelative>(of, request), LaneName::read, {Use{of->identity(), false}});
}

Napi::Value NetloomAddon::PinNamespace(Info info) {
  const NamespacePointer pinned = Find(info[0]);
  const auto path = text(info[1]);
  if (!pinned) return status(info.Env(), Failure{EBADF, nullptr});
  if (!path) return malformed(info.Env());
  return Submit(info, std::make_shared<PinKind>(pinned, *path), LaneName::mutation,
                {Use{pinned->identity(), true}, use_of_path(*path, true)});
}

Napi::Value NetloomAddon::AskNamespace(Info info) {
  const NamespacePointer of = Find(info[0]);
  auto plan = PlanOf(info[1]);
  if (!of) return status(info.Env(), Failure{EBADF, nullptr});
  if (!plan && !info[1].IsUndefined()) return malformed(info.Env());
  const bool changes = plan && plan->head.changes != 0;
  return Submit(info, std::make_shared<AskKind>(of, std::move(plan)), changes ? LaneName::mutation : LaneName::read,
                {Use{of->identity(), changes}});
}

Napi::Value NetloomAddon::EndNamespace(Info info) {
  const NamespacePointer of = Find(info[0]);
  if (!of) return status(info.Env(), Failure{EBADF, nullptr});
  return Submit(info, std::make_shared<EndFirstProcess>(of->take_first()), LaneName::removal,
                {Use{of->identity(), true}});
}

Napi::Value NetloomAddon::ListEveryNamespace(Info info) {
  return Submit(info, std::make_shared<ListAllNamespaces>(), LaneName::read);
}

}  // namespace netloom
