// Functions that open packet sockets and sockets for ICMP echo.
#include <cstring>

#include "addon/addon.h"
#include "node/arguments.h"
#include "node/values.h"
#include "packets/packet_jobs.h"

namespace netloom {
namespace {

// The instructions of a filter, eight bytes each.
std::vector<sock_filter> filter_of(std::span<const uint8_t> bytes) {
  std::vector<sock_filter> filter(bytes.size() / sizeof(sock_filter));
  if (!filter.empty()) std::memcpy(filter.data(), bytes.data(), filter.size() * sizeof(sock_filter));
  return filter;
}

}  // namespace

Napi::Value NetloomAddon::OpenPacketSocket(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto protocol = number(info[1]);
  const auto device = text(info[2]);
  const auto switches = number(info[3]);
  const auto fanout = number(info[4]);
  const auto buffer_size = number(info[5]);
  const auto filter = view_of<uint8_t>(info.Env(), info[6], napi_uint8_array);
  if (!netns) return status(info.Env(), Failure{EBADF, nullptr});
  if (!protocol || !device || !switches || !fanout || !buffer_size || !filter) return malformed(info.Env());
  const auto on = [&](int bit) { return (static_cast<unsigned>(*switches) & 1U << bit) != 0; };
  OpenPackets::Options options{on(0),
                               static_cast<uint16_t>(*protocol),
                               *device,
                               on(1),
                               on(2),
                               on(3),
                               *fanout < 0 ? std::nullopt : std::optional(static_cast<uint32_t>(*fanout)),
                               static_cast<int>(*buffer_size),
                               filter_of(*filter)};
  const Use use{netns->identity(), false};
  return Submit(info, std::make_shared<OpenPackets>(netns, std::move(options)), LaneName::read, {use});
}

Napi::Value NetloomAddon::OpenPingSocket(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto version = number(info[1]);
  const auto host = text(info[2]);
  const auto source = text(info[3]);
  const auto device = text(info[4]);
  const auto ttl = number(info[5]);
  const auto traffic_class = number(info[6]);
  if (!netns) return status(info.Env(), Failure{EBADF, nullptr});
  if (!version || !host || !source || !device || !ttl || !traffic_class || !info[7].IsBoolean()) {
    return malformed(info.Env());
  }
  OpenPing::Options options{*version == 6 ? AF_INET6 : AF_INET,
                            *host,
                            *source,
                            *device,
                            static_cast<int>(*ttl),
                            static_cast<int>(*traffic_class),
                            info[7].As<Napi::Boolean>().Value()};
  const Use use{netns->identity(), false};
  return Submit(info, std::make_shared<OpenPing>(netns, std::move(options)), LaneName::read, {use});
}

}  // namespace netloom
