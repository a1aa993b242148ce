// What JavaScript may call on namespaces that need no privilege.
#include "addon/addon.h"
#include "namespaces/rootless_jobs.h"
#include "node/arguments.h"

namespace netloom {

Napi::Value NetloomAddon::CreateRootlessNetns(Info info) {
  const auto users = text(info[0]);
  const auto groups = text(info[1]);
  const auto handle = number(info[2]);
  if (!users || !groups || !handle) return malformed(info.Env());
  const NamespacePointer with = Find(info[2]);
  if (!with && *handle != 0) return status(info.Env(), Failure{EBADF, nullptr});
  IdMaps maps = own_ids();
  maps.users = *users;
  maps.groups = *groups;
  return Submit(info, std::make_shared<CreateRootless>(std::move(maps), with), LaneName::mutation);
}

Napi::Value NetloomAddon::FindNamespacesToJoin(Info info) {
  const NamespacePointer netns = Find(info[0]);
  if (!netns) return status(info.Env(), Failure{EBADF, nullptr});
  return Submit(info, std::make_shared<FindToJoin>(netns), LaneName::read, {Use{netns->identity(), false}});
}

}  // namespace netloom
