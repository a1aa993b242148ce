// A descriptor that gives and takes whole packets (a packet or ICMP socket, a queue of a tap), used from JavaScript's
// thread: polled, and read and written many packets at a time into and out of JavaScript's memory.
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

// What is known about a received packet besides its bytes; lib/native/datagrams.ts reads it, word by word.
struct PacketMeta {
  uint32_t captured;  // bytes in the slab
  uint32_t length;    // bytes that it had
  uint32_t seconds;   // CLOCK_REALTIME, unsigned
  uint32_t nanoseconds;
  uint32_t device;    // index
  uint32_t protocol;  // EtherType of a frame
  uint32_t type;      // packet type of a frame | type of the device << 16
  uint32_t status;    // TP_STATUS_ flags of a frame
  uint32_t vlan;      // tag | its EtherType << 16, if the status says so
  uint32_t hops;      // what the IP header still allows, with 0x100 if it is known
  // From the error queue (sock_extended_err).
  uint32_t error;   // errno | origin << 16
  uint32_t icmp;    // type | code << 8
  uint32_t detail;  // ee_info: the MTU; of netlink: the group
  // Of the sender, or of who sent the error.
  uint32_t family;      // AF_ | length of a link-layer address, or port, << 16
  uint32_t scope;       // device of a link-local address
  uint8_t address[16];  // as many bytes as the family has
};
inline constexpr size_t kMetaWords = sizeof(PacketMeta) / sizeof(uint32_t);

class Datagrams {
 public:
  // By read(2) and write(2), or by recvmsg(2) and sendmsg(2); or what the kernel sends to a netlink socket, nothing of
  // which is cut.
  enum class Via : uint8_t { file, socket, netlink };
  // Calls a JavaScript function with an argument.
  using Call = std::function<void(napi_value function, napi_value argument)>;

  Datagrams(napi_env env, Fd fd, Via via, Call call);
  ~Datagrams();
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;

  int fd() const { return fd_->get(); }
  // For jobs: stays open until the last of them is over.
  std::shared_ptr<const Fd> share() const { return fd_; }

  // `ready` is called with what became possible. Held weakly but while something is waited for: an object of
  // JavaScript's without references is to be collected, unless an event can still occur.
  void listen(napi_value ready);
  // False if it cannot be polled.
  bool wait_for(int events);
  void keep_alive(bool alive);

  struct Received {
    size_t count = 0;
    // Why it ended before the memory was full: EAGAIN when all has been read; EMSGSIZE if the next message is longer
    // than `longest`, and the meta behind those that were received says how long it is.
    Failure failure;
  };
  // Reads packets, one behind another, while there is room for one of `longest` bytes; longer ones are cut.
  Received receive(std::span<uint8_t> slab, size_t longest, std::span<PacketMeta> metas, bool errors);
  // Writes packets that lie one behind another, to an address or where the descriptor leads. Sets how many it wrote.
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
  std::unique_ptr<Polled> polled_;  // gone before the descriptor
};

}  // namespace netloom
