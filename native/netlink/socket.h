// A netlink socket and its transactions: prepared messages out, every reply gathered. Handles the framing (nlmsghdr,
// acks, the ends of dumps), but not the meaning of a message.
#pragma once

#include <linux/netlink.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "netlink/receive_buffer.h"

namespace netloom {

// Received bytes, in blocks that grow, so that a large dump is never copied to make room.
class ReplyBlocks {
 public:
  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size = 0;
    size_t capacity = 0;
  };

  void append(const uint8_t* bytes, size_t size);
  // Makes the first block now.
  void make_room(size_t size);
  std::vector<Block>& blocks() { return blocks_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  bool empty() const { return blocks_.empty() || blocks_.front().size == 0; }

 private:
  std::vector<Block> blocks_;
};

// How the messages of a transaction are answered. A refusal is always reported.
enum class Ending : uint8_t {
  ack,       // each by an acknowledgement, which is asked for: only with one does the kernel tell its warnings
  dump,      // the last by NLMSG_DONE
  reply,     // the last by one message
  last_ack,  // the last by an acknowledgement, the others not at all: half the time where there are many
};

struct Replies {
  uint32_t first_sequence = 0;  // of the first message sent; they count up from there
  bool refused = false;         // the kernel answered an error that is not tolerated to some message
  bool interrupted = false;     // a dump is not consistent (NLM_F_DUMP_INTR)
  ReplyBlocks blocks;           // all that was received but plain acknowledgements
};

// The error that NLMSG_ERROR and NLMSG_DONE begin with: a negative errno, or 0.
int error_in(std::span<const uint8_t> message);

// Calls each(message) for every whole message that was received.
template <class Each>
void for_each_message(const Replies& replies, Each each) {
  for (const ReplyBlocks::Block& block : replies.blocks.blocks()) {
    for (size_t at = 0; at + sizeof(nlmsghdr) <= block.size;) {
      const auto* header = reinterpret_cast<const nlmsghdr*>(block.bytes.get() + at);
      if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > block.size - at) break;
      each(std::span<const uint8_t>(block.bytes.get() + at, header->nlmsg_len));
      at += NLMSG_ALIGN(header->nlmsg_len);
    }
  }
}

// Calls each(object) for every message that tells of an object and has a header of its family, of so many bytes.
template <class Each>
void for_each_object(const Replies& replies, size_t header_size, Each each) {
  for_each_message(replies, [&](std::span<const uint8_t> message) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(message.data());
    if (header->nlmsg_type >= NLMSG_MIN_TYPE && message.size() >= NLMSG_HDRLEN + header_size) each(message);
  });
}

// Calls each(number, refusal) for every message that was refused; the number is its place among those sent.
template <class Each>
void for_each_refusal(const Replies& replies, Each each) {
  for_each_message(replies, [&](std::span<const uint8_t> message) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(message.data());
    if (header->nlmsg_type != NLMSG_ERROR || error_in(message) == 0) return;
    each(header->nlmsg_seq - replies.first_sequence, message);
  });
}

class NetlinkSocket {
 public:
  // Takes over a netlink socket that is open, and sets it to extended and capped acknowledgements; to strict checking
  // before its first query.
  static Failure adopt(Fd fd, NetlinkSocket& socket);

  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  // What is sent: nlmsghdr after nlmsghdr; sequence numbers are filled in.
  struct Request {
    std::span<uint8_t> messages;
    Ending ending = Ending::ack;
    std::span<const int> tolerated = {};  // errnos of refusals that are as good as success
    bool undivided = false;               // the kernel must see all of it at once, as a batch of nftables
  };
  // Sends and receives until every message is accounted for. After a failure of the socket itself the outcome is
  // unknown and the socket is closed.
  Failure transact(ReceiveBuffer& buffer, const Request& request, Replies& replies);

 private:
  struct Chunk;
  Failure make_strict();
  Failure make_room(size_t size, size_t messages);
  Failure exchange(ReceiveBuffer& buffer, const Chunk& chunk, Replies& replies);
  enum class Patience : uint8_t { none, some };
  // One datagram; without patience nothing (size 0) if none is there.
  Failure receive(ReceiveBuffer& buffer, Patience patience, size_t& size);

  Fd fd_;
  bool strict_ = false;
};

}  // namespace netloom
