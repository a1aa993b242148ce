#include "netlink/socket.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace netloom {
namespace {

// All environments of a process share it: replies are told apart by it.
std::atomic<uint32_t> sequence_counter = 1;

// Unread acknowledgements fill the receive buffer (256 fit into the default one), and one send is at most the send
// buffer.
constexpr size_t kMessagesPerSend = 128;
constexpr size_t kBytesPerSend = 64 * 1024;

// Replies to rtnetlink are there when sendmsg returns; another family may take its time, but not for ever.
constexpr int kReplyTimeoutMs = 10'000;

constexpr size_t kFirstBlock = 4 * 1024;
constexpr size_t kLargestBlock = 4 * 1024 * 1024;

bool is_plain_ack(const nlmsghdr* message) {
  if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_len < NLMSG_LENGTH(sizeof(int))) return false;
  int error;
  std::memcpy(&error, NLMSG_DATA(message), sizeof error);
  return error == 0 && (message->nlmsg_flags & NLM_F_ACK_TLVS) == 0;
}

bool contains(std::span<const int> errnos, int error) {
  return std::find(errnos.begin(), errnos.end(), error) != errnos.end();
}

nlmsghdr* message_at(std::span<uint8_t> buffer, size_t offset) {
  return reinterpret_cast<nlmsghdr*>(buffer.data() + offset);
}

Failure set(const Fd& fd, int option) {
  const int on = 1;
  return ::setsockopt(fd.get(), SOL_NETLINK, option, &on, sizeof on) == 0 ? Failure{} : failed("setsockopt");
}

}  // namespace

int error_in(std::span<const uint8_t> message) {
  int error = 0;
  if (message.size() >= NLMSG_LENGTH(sizeof error)) {
    std::memcpy(&error, message.data() + NLMSG_HDRLEN, sizeof error);
  }
  return error;
}

void ReplyBlocks::append(const uint8_t* bytes, size_t size) {
  if (blocks_.empty() || blocks_.back().capacity - blocks_.back().size < NLMSG_ALIGN(size)) {
    if (empty()) blocks_.clear();  // there was room, but not enough
    const size_t grown = blocks_.empty() ? kFirstBlock : std::min(blocks_.back().capacity * 4, kLargestBlock);
    const size_t capacity = std::max<size_t>(grown, NLMSG_ALIGN(size));
    blocks_.push_back({std::make_unique_for_overwrite<uint8_t[]>(capacity), 0, capacity});
  }
  Block& block = blocks_.back();
  std::memcpy(block.bytes.get() + block.size, bytes, size);
  block.size += NLMSG_ALIGN(size);  // each datagram begins aligned, as its messages do
}

void ReplyBlocks::make_room(size_t size) {
  blocks_.push_back({std::make_unique_for_overwrite<uint8_t[]>(size), 0, size});
}

struct NetlinkSocket::Chunk {
  std::span<uint8_t> bytes;
  uint32_t last_sequence;
  Ending ending;
  std::span<const int> tolerated;
  bool undivided;
};

Failure NetlinkSocket::adopt(Fd fd, NetlinkSocket& socket) {
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK}) {
    if (Failure failure = set(fd, option)) return failure;
  }
  socket.fd_ = std::move(fd);
  socket.strict_ = false;
  return {};
}

// Only queries are checked by it, and a namespace that is only set up sees none.
Failure NetlinkSocket::make_strict() {
  if (Failure failure = set(fd_, NETLINK_GET_STRICT_CHK)) return failure;
  strict_ = true;
  return {};
}

// One send is at most the send buffer, and unread answers fill the receive buffer.
Failure NetlinkSocket::make_room(size_t size, size_t messages) {
  constexpr size_t kOverhead = 32 * 1024;
  constexpr size_t kAnswer = 1024;  // what the kernel counts for one
  const auto set = [&](int forced, int option, size_t room) {
    const int value = static_cast<int>(room);
    return ::setsockopt(fd_.get(), SOL_SOCKET, forced, &value, sizeof value) == 0 ||
           ::setsockopt(fd_.get(), SOL_SOCKET, option, &value, sizeof value) == 0;
  };
  if (size > kBytesPerSend && !set(SO_SNDBUFFORCE, SO_SNDBUF, size + kOverhead)) return failed("setsockopt");
  if (messages > kMessagesPerSend && !set(SO_RCVBUFFORCE, SO_RCVBUF, messages * kAnswer)) return failed("setsockopt");
  return {};
}

Failure NetlinkSocket::transact(ReceiveBuffer& received, const Request& request, Replies& replies) {
  const auto& [sent, ending, tolerated, undivided] = request;
  const auto count_messages = [&] {
    uint32_t count = 0;
    for (size_t at = 0; at < sent.size(); at += NLMSG_ALIGN(message_at(sent, at)->nlmsg_len))
      ++count;
    return count;
  };
  const bool queries = ending == Ending::dump || ending == Ending::reply;
  if (queries && !strict_) {
    if (Failure failure = make_strict()) return failure;
  }
  const uint32_t count = count_messages();
  uint32_t sequence = sequence_counter.fetch_add(count, std::memory_order_relaxed);
  if (undivided) {
    if (Failure failure = make_room(sent.size(), count)) return failure;
  }
  replies.first_sequence = sequence;
  for (size_t begin = 0; begin < sent.size();) {
    size_t end = begin;
    nlmsghdr* last = nullptr;
    for (size_t messages = 0; end < sent.size() && (undivided || messages < kMessagesPerSend); ++messages) {
      nlmsghdr* message = message_at(sent, end);
      const size_t next = end + NLMSG_ALIGN(message->nlmsg_len);
      if (last && !undivided && next - begin > kBytesPerSend) break;
      message->nlmsg_seq = sequence++;
      if (ending == Ending::ack) message->nlmsg_flags |= NLM_F_ACK;
      last = message;
      end = next;
    }
    end = std::min(end, sent.size());
    const Ending chunk_ending = end == sent.size() ? ending : Ending::last_ack;
    if (chunk_ending == Ending::last_ack) last->nlmsg_flags |= NLM_F_ACK;
    const Chunk chunk{sent.subspan(begin, end - begin), last->nlmsg_seq, chunk_ending, tolerated, undivided};
    if (Failure failure = exchange(received, chunk, replies)) {
      fd_.reset();  // a reply that comes late must not meet the next transaction
      if (begin > 0 && std::strcmp(failure.call, "sendmsg") == 0) return Failure{failure.error, "sendmsg (later)"};
      return failure;
    }
    begin = end;
  }
  return {};
}

Failure NetlinkSocket::receive(ReceiveBuffer& received, Patience patience, size_t& size) {
  iovec into{received.data(), ReceiveBuffer::kSize};
  while (true) {
    sockaddr_nl sender{};
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &into;
    header.msg_iovlen = 1;
    const ssize_t length = ::recvmsg(fd_.get(), &header, MSG_DONTWAIT);
    if (length >= 0) {
      if (sender.nl_pid != 0) continue;  // only the kernel answers
      if (header.msg_flags & MSG_TRUNC) return Failure{EMSGSIZE, "recvmsg"};
      size = static_cast<size_t>(length);
      return {};
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed("recvmsg");
    size = 0;
    if (patience == Patience::none) return {};
    pollfd readable{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&readable, 1, kReplyTimeoutMs);
    if (ready == 0) return Failure{ETIMEDOUT, "recvmsg"};
    if (ready < 0 && errno != EINTR) return failed("poll");
  }
}

Failure NetlinkSocket::exchange(ReceiveBuffer& received, const Chunk& chunk, Replies& replies) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  iovec from{chunk.bytes.data(), chunk.bytes.size()};
  msghdr header{};
  header.msg_name = &kernel;
  header.msg_namelen = sizeof kernel;
  header.msg_iov = &from;
  header.msg_iovlen = 1;
  while (::sendmsg(fd_.get(), &header, 0) < 0) {
    if (errno != EINTR) return failed("sendmsg");
  }
  for (bool over = false; !over;) {
    size_t size = 0;
    // What belongs together is refused together: then its end is not answered, and all that is said is there already.
    const Patience patience = chunk.undivided && replies.refused ? Patience::none : Patience::some;
    if (Failure failure = receive(received, patience, size)) return failure;
    if (size == 0) return {};
    const uint8_t* bytes = received.data();
    bool worth_keeping = false;
    for (size_t at = 0; at + sizeof(nlmsghdr) <= size;) {
      const auto* message = reinterpret_cast<const nlmsghdr*>(bytes + at);
      if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > size - at) return Failure{EBADMSG, "recvmsg"};
      if (message->nlmsg_type == NLMSG_OVERRUN) return Failure{ENOBUFS, "recvmsg"};
      const bool error = message->nlmsg_type == NLMSG_ERROR;
      const bool done = message->nlmsg_type == NLMSG_DONE;
      if (message->nlmsg_flags & NLM_F_DUMP_INTR) replies.interrupted = true;
      const int said = error || done ? error_in({bytes + at, message->nlmsg_len}) : 0;
      if (said != 0 && !contains(chunk.tolerated, -said)) replies.refused = true;
      if (!is_plain_ack(message)) worth_keeping = true;
      if (message->nlmsg_seq == chunk.last_sequence && (error || done || chunk.ending == Ending::reply)) over = true;
      at += NLMSG_ALIGN(message->nlmsg_len);
    }
    if (worth_keeping) replies.blocks.append(bytes, size);
    received.shrink_after(size);
  }
  return {};
}

}  // namespace netloom
