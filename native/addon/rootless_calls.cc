// Functions for namespaces that are created without privilege.
#include "addon/addon.h"
#include "namespaces/rootless_jobs.h"
#include "node/arguments.h"

namespace netloom {

Napi::Value NetloomAddon::CreateRootlessNetns(Info info) {
  auto plan = PlanOf(info[0]);
  const auto handle = number(info[1]);
  if ((!plan && !info[0].IsUndefined()) || !handle) return malformed(info.Env());
  const NamespacePointer with = Find(info[1]);
  if (!with && *handle != 0) return status(info.Env(), Failure{EBADF, nullptr});
  auto job = std::make_shared<CreateRootless>(plan ? std::move(*plan) : plan_of_own_user(), with);
  return Submit(info, std::move(job), LaneName::mutation);
}

Napi::Value NetloomAddon::FindNamespacesToJoin(Info info) {
  const NamespacePointer netns = Find(info[0]);
  if (!netns) return status(info.Env(), Failure{EBADF, nullptr});
  return Submit(info, std::make_shared<FindToJoin>(netns), LaneName::read, {Use{netns->identity(), false}});
}

}  // namespace netloom
