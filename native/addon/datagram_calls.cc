// Functions for descriptors that packets are read from and written to.
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>

#include "addon/addon.h"
#include "node/arguments.h"
#include "node/values.h"

namespace netloom {

Datagrams* NetloomAddon::FindDatagrams(const Napi::Value& value) const {
  const auto datagrams = number(value);
  return datagrams ? environment_.find_datagrams(static_cast<uint64_t>(*datagrams)) : nullptr;
}

Napi::Value NetloomAddon::ListenDatagrams(Info info) {
  Datagrams* datagrams = FindDatagrams(info[0]);
  if (!datagrams || !info[1].IsFunction()) return malformed(info.Env());
  datagrams->listen(info[1]);
  return status(info.Env(), {});
}

Napi::Value NetloomAddon::PollDatagrams(Info info) {
  Datagrams* datagrams = FindDatagrams(info[0]);
  const auto events = number(info[1]);
  if (!datagrams || !events) return malformed(info.Env());
  const bool polled = datagrams->wait_for(static_cast<int>(*events) & (UV_READABLE | UV_WRITABLE));
  return status(info.Env(), polled ? Failure{} : Failure{EPERM, "epoll_ctl"});
}

Napi::Value NetloomAddon::RefDatagrams(Info info) {
  Datagrams* datagrams = FindDatagrams(info[0]);
  if (!datagrams || !info[1].IsBoolean()) return malformed(info.Env());
  datagrams->keep_alive(info[1].As<Napi::Boolean>().Value());
  return status(info.Env(), {});
}

Napi::Value NetloomAddon::ReceiveDatagrams(Info info) {
  Datagrams* datagrams = FindDatagrams(info[0]);
  const auto slab = view_of<uint8_t>(info.Env(), info[1], napi_uint8_array);
  const auto offset = number(info[2]);
  const auto longest = number(info[3]);
  const auto words = view_of<uint32_t>(info.Env(), info[4], napi_uint32_array);
  const auto most = number(info[5]);
  if (!datagrams || !slab || !offset || !longest || !words || !most || !info[6].IsBoolean() ||
      !(*offset >= 0 && *offset <= static_cast<double>(slab->size())) || !(*longest >= 1) || !(*most >= 0)) {
    return malformed(info.Env());
  }
  // The errno with which it ended and the time of day, in seconds and nanoseconds; then the words of each packet.
  constexpr size_t kHead = 3;
  if (words->size() < kHead) return malformed(info.Env());
  const size_t room = std::min(static_cast<size_t>(*most), (words->size() - kHead) / kMetaWords);
  const std::span metas(reinterpret_cast<PacketMeta*>(words->data() + kHead), room);
  const auto received = datagrams->receive(slab->subspan(static_cast<size_t>(*offset)), static_cast<size_t>(*longest),
                                           metas, info[6].As<Napi::Boolean>().Value());
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  (*words)[0] = static_cast<uint32_t>(received.failure.error);
  (*words)[1] = static_cast<uint32_t>(now.tv_sec);
  (*words)[2] = static_cast<uint32_t>(now.tv_nsec);
  return {info.Env(), make_number(info.Env(), static_cast<double>(received.count))};
}

Napi::Value NetloomAddon::SendDatagrams(Info info) {
  Datagrams* datagrams = FindDatagrams(info[0]);
  const auto packets = view_of<uint8_t>(info.Env(), info[1], napi_uint8_array);
  const auto lengths = view_of<uint32_t>(info.Env(), info[2], napi_uint32_array);
  const auto count = number(info[3]);
  if (!datagrams || !packets || !lengths || !count || !(*count >= 0)) return malformed(info.Env());
  std::span<const uint8_t> address;
  if (!info[4].IsUndefined()) {
    const auto given = view_of<uint8_t>(info.Env(), info[4], napi_uint8_array);
    if (!given || given->size() > sizeof(sockaddr_storage)) return malformed(info.Env());
    address = *given;
  }
  const size_t wanted = std::min(static_cast<size_t>(*count), lengths->size());
  size_t sent = 0;
  const Failure failure = datagrams->send(*packets, lengths->first(wanted), address, sent);
  return {info.Env(), make_number(info.Env(), sent > 0 ? static_cast<double>(sent) : -failure.error)};
}

Napi::Value NetloomAddon::DatagramsFd(Info info) {
  const Datagrams* datagrams = FindDatagrams(info[0]);
  return {info.Env(), make_number(info.Env(), datagrams ? datagrams->fd() : -1)};
}

Napi::Value NetloomAddon::CloseDatagrams(Info info) {
  const auto datagrams = number(info[0]);
  return {info.Env(),
          make_boolean(info.Env(), datagrams && environment_.close_datagrams(static_cast<uint64_t>(*datagrams)))};
}

Napi::Value NetloomAddon::PacketStatistics(Info info) {
  const Datagrams* datagrams = FindDatagrams(info[0]);
  if (!datagrams) return malformed(info.Env());
  tpacket_stats found{};
  socklen_t size = sizeof found;
  if (::getsockopt(datagrams->fd(), SOL_PACKET, PACKET_STATISTICS, &found, &size) != 0) {
    return status(info.Env(), failed("getsockopt"));
  }
  ArrayValue statistics(info.Env());
  statistics.push(found.tp_packets);
  statistics.push(found.tp_drops);
  return {info.Env(), statistics};
}

}  // namespace netloom
