#include "transaction.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

#include "values.h"

namespace netloom {

bool Transaction::add(Step step, size_t offset, size_t length) {
  if (step.netns >= namespaces_.size() || offset > bytes_.size() || length > bytes_.size() - offset) return false;
  step.bytes = std::span(bytes_).subspan(offset, length);
  for (size_t at = 0; at < length;) {
    if (length - at < sizeof(nlmsghdr)) return false;
    const auto* message = reinterpret_cast<const nlmsghdr*>(step.bytes.data() + at);
    if (message->nlmsg_len < sizeof(nlmsghdr) || NLMSG_ALIGN(message->nlmsg_len) > length - at) return false;
    at += NLMSG_ALIGN(message->nlmsg_len);
  }
  for (const Relocation& relocation : step.relocations) {
    if (relocation.netns >= namespaces_.size() || length < sizeof(uint32_t)) return false;
    if (relocation.at > length - sizeof(uint32_t) || relocation.device.size() >= IFNAMSIZ) return false;
  }
  steps_.push_back(std::move(step));
  return true;
}

void Transaction::run(ThreadHome& thread) {
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].undo) continue;
    Outcome outcome{i, {}};
    failure = execute(thread, steps_[i], outcome);
    const bool stop = failure || outcome.replies.refused;
    if (stop || !outcome.replies.blocks.empty()) outcomes_.push_back(std::move(outcome));
    if (!stop) continue;
    failed_step_ = i;
    undo(thread, i);
    return;
  }
}

Failure Transaction::execute(ThreadHome& thread, Step& step, Outcome& outcome) {
  if (Failure failure = relocate(thread, step)) return failure;
  return namespaces_[step.netns]->with_socket(thread, step.protocol, [&](NetlinkSocket& socket) {
    return socket.transact(thread, step.bytes, step.ending, step.tolerated, outcome.replies);
  });
}

// SIOCGIFINDEX answers without the rtnl lock, so naming a device costs 1 µs and never waits.
Failure Transaction::relocate(ThreadHome& thread, Step& step) {
  for (const Relocation& relocation : step.relocations) {
    const Failure failure =
        namespaces_[relocation.netns]->with_socket(thread, step.protocol, [&](NetlinkSocket& socket) -> Failure {
          ifreq request{};
          relocation.device.copy(request.ifr_name, IFNAMSIZ - 1);
          if (::ioctl(socket.fd(), SIOCGIFINDEX, &request) != 0) return failed("ioctl");
          std::memcpy(step.bytes.data() + relocation.at, &request.ifr_ifindex, sizeof request.ifr_ifindex);
          return {};
        });
    if (!failure) continue;
    if (failure.error == ENODEV) missing_device_ = relocation.device;
    return failure;
  }
  return {};
}

// Backwards from the step that failed: each undo step belongs to the step before it.
void Transaction::undo(ThreadHome& thread, size_t failed) {
  for (size_t i = failed; i-- > 0;) {
    if (!steps_[i].undo) continue;
    Outcome outcome{i, {}};
    if (execute(thread, steps_[i], outcome) || outcome.replies.refused) undo_failed_ = true;
  }
}

napi_value Transaction::deliver(const Delivery& to) {
  if (outcomes_.empty() && !failed_step_) return nullptr;
  const napi_env env = to.env;
  ArrayValue result(env);
  result.push(failed_step_ ? make_number(env, static_cast<double>(*failed_step_)) : nullptr);
  result.push(missing_device_.empty() ? nullptr : make_text(env, missing_device_));
  result.push(make_boolean(env, undo_failed_));
  for (Outcome& outcome : outcomes_) {
    ArrayValue answer(env);
    answer.push(static_cast<double>(outcome.step));
    answer.push(outcome.replies.first_sequence);
    answer.push(make_boolean(env, outcome.replies.interrupted));
    for (ReplyBlocks::Block& block : outcome.replies.blocks.blocks()) {
      if (outcomes_.size() == 1 && outcome.replies.blocks.blocks().size() == 1 && block.size <= to.scratch.size()) {
        std::memcpy(to.scratch.data(), block.bytes.get(), block.size);
        answer.push(static_cast<double>(block.size));
        continue;
      }
      // A large block is handed over, a small one copied into JavaScript's heap: cheaper than a finalizer.
      constexpr size_t kWorthHandingOver = 16 * 1024;
      answer.push(block.size < kWorthHandingOver ? make_bytes(env, block.bytes.get(), block.size)
                                                 : make_bytes(env, std::move(block.bytes), block.size));
    }
    result.push(answer);
  }
  return result;
}

}  // namespace netloom
