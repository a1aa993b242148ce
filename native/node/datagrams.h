// A descriptor that reads and writes whole packets (a packet or ICMP socket, a queue of a tap), used on JavaScript's
// thread: polls it, and moves many packets at a time between it and JavaScript's memory.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/failure.h"
#include "base/fd.h"
#include "node/polled.h"

namespace netloom {

// What the kernel reports about a received packet besides its bytes; lib/native/datagrams.ts reads it word by word.
struct PacketMeta {
  uint32_t captured;  // bytes in the slab
  uint32_t length;    // bytes of the packet before it was cut
  uint32_t seconds;   // CLOCK_REALTIME, unsigned
  uint32_t nanoseconds;
  uint32_t device;    // index
  uint32_t protocol;  // EtherType of a frame
  uint32_t type;      // packet type of a frame | type of the device << 16
  uint32_t status;    // TP_STATUS_ flags of a frame
  uint32_t vlan;      // tag | its EtherType << 16, if `status` has TP_STATUS_VLAN_VALID
  uint32_t hops;      // remaining hop limit | 0x100 if it is known
  // From the error queue (sock_extended_err).
  uint32_t error;   // errno | origin << 16
  uint32_t icmp;    // type | code << 8
  uint32_t detail;  // ee_info: the MTU; of netlink: the group
  // Of the sender, or of the host that has sent the error.
  uint32_t family;      // AF_ | length of a link-layer address, or port, << 16
  uint32_t scope;       // index of the device of a link-local address
  uint8_t address[16];  // the first 4 or 16 bytes, by the family
};
inline constexpr size_t kMetaWords = sizeof(PacketMeta) / sizeof(uint32_t);

class Datagrams {
 public:
  // file: by read(2) and write(2). socket: by recvmsg(2) and sendmsg(2). netlink: messages of the kernel, never cut.
  enum class Via : uint8_t { file, socket, netlink };
  // Calls a JavaScript function with an argument.
  using Call = std::function<void(napi_value function, napi_value argument)>;

  Datagrams(napi_env env, Fd fd, Via via, Call call);
  ~Datagrams();
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;

  int fd() const { return fd_->get(); }
  // For jobs: the descriptor stays open until the last of them has ended.
  std::shared_ptr<const Fd> share() const { return fd_; }

  // Calls `ready` with the events that occurred. Keeps a weak reference to it, and a strong one only while it waits for
  // events: an unreferenced JavaScript object has to be garbage-collected, unless an event can still occur.
  void listen(napi_value ready);
  // False if it cannot be polled.
  bool wait_for(int events);
  void keep_alive(bool alive);

  struct Received {
    size_t count = 0;
    // Why it ended before the memory was full: EAGAIN when all has been read; EMSGSIZE if the next message is longer
    // than `longest`; the meta that follows those of the received packets then has its length.
    Failure failure;
  };
  // Reads packets, one behind another, while there is room for one of `longest` bytes; longer ones are cut.
  Received receive(std::span<uint8_t> slab, size_t longest, std::span<PacketMeta> metas, bool errors);
  // Writes packets that lie one behind another, to an address or, without one, to the descriptor's own. Sets how many
  // it wrote.
  Failure send(std::span<const uint8_t> packets, std::span<const uint32_t> lengths, std::span<const uint8_t> address,
               size_t& sent);

 private:
  void on_ready(int events);
  ssize_t receive_message(uint8_t* to, size_t longest, PacketMeta& meta, bool errors);
  ssize_t receive_netlink(uint8_t* to, size_t longest, PacketMeta& meta);

  napi_env env_;
  std::shared_ptr<const Fd> fd_;
  Via via_;
  Call call_;
  napi_ref ready_ = nullptr;
  bool held_ = false;
  bool alive_ = true;
  std::unique_ptr<Polled> polled_;  // destroyed before the descriptor is closed
};

}  // namespace netloom
