// Functions that subscribe to the multicast groups of a netlink protocol.
#include "addon/addon.h"
#include "node/arguments.h"
#include "node/values.h"
#include "sockets/subscription_jobs.h"

namespace netloom {

Napi::Value NetloomAddon::OpenSubscription(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto protocol = number(info[1]);
  const auto buffer_size = number(info[2]);
  if (!netns) return status(info.Env(), Failure{EBADF, nullptr});
  if (!protocol || !buffer_size) return malformed(info.Env());
  const Use use{netns->identity(), false};
  auto job =
      std::make_shared<netloom::OpenSubscription>(netns, static_cast<int>(*protocol), static_cast<int>(*buffer_size));
  return Submit(info, std::move(job), LaneName::read, {use});
}

Napi::Value NetloomAddon::SetMembership(Info info) {
  const Datagrams* datagrams = FindDatagrams(info[0]);
  const auto group = number(info[1]);
  if (!datagrams || !group || !info[2].IsBoolean()) return malformed(info.Env());
  return status(info.Env(),
                set_membership(datagrams->fd(), static_cast<uint32_t>(*group), info[2].As<Napi::Boolean>().Value()));
}

}  // namespace netloom
