// Functions for TUN and TAP devices.
#include "addon/addon.h"
#include "node/arguments.h"
#include "taps/tap_jobs.h"

namespace netloom {
namespace {

// A uid or gid; none if it is negative.
std::optional<uint32_t> id_of(double number) {
  return number < 0 ? std::nullopt : std::optional(static_cast<uint32_t>(number));
}

}  // namespace

Napi::Value NetloomAddon::OpenTapQueue(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto name = text(info[1]);
  const auto flags = number(info[2]);
  const auto owner = number(info[4]);
  const auto group = number(info[5]);
  const auto header_size = number(info[6]);
  const auto offload = number(info[7]);
  if (!netns) return status(info.Env(), Failure{EBADF, nullptr});
  if (!name || !flags || !info[3].IsBoolean() || !owner || !group || !header_size || !offload) {
    return malformed(info.Env());
  }
  OpenTap::Options options{
      *name,         static_cast<uint16_t>(*flags),  info[3].As<Napi::Boolean>().Value(), id_of(*owner),
      id_of(*group), static_cast<int>(*header_size), static_cast<uint32_t>(*offload)};
  const Use use{netns->identity(), true};
  return Submit(info, std::make_shared<OpenTap>(netns, std::move(options)), LaneName::mutation, {use});
}

Napi::Value NetloomAddon::ControlTapQueue(Info info) {
  const Datagrams* datagrams = FindDatagrams(info[0]);
  const auto what = number(info[1]);
  const auto value = number(info[2]);
  if (!datagrams) return status(info.Env(), Failure{EBADF, nullptr});
  if (!what || !value || !(*what >= 0 && *what <= 1)) return malformed(info.Env());
  return Submit(info,
                std::make_shared<ControlTap>(datagrams->share(), static_cast<ControlTap::What>(*what),
                                             static_cast<uint32_t>(*value)),
                LaneName::mutation);
}

}  // namespace netloom
