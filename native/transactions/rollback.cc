// The way back of a transaction: what is noted before a change, and how it is taken back.
#include <linux/netlink.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>
#include <unordered_set>

#include "transactions/transaction.h"

namespace netloom {
namespace {

// So many are taken back in one send: as many refusals fit into the receive buffer.
constexpr size_t kMostTogether = 200;
// A message that needs what another one makes is sent again so often.
constexpr int kRounds = 16;

// A dump during which something changed is not whole, and is read again: so often, with 1, 2, 3 … ms in between. What
// is behind it waits for it, so not for long.
constexpr int kDumpTries = 10;

const nlmsghdr* header_of(std::span<const uint8_t> message) {
  return reinterpret_cast<const nlmsghdr*>(message.data());
}

bool is_gone(int error) {
  return std::find(std::begin(kGone), std::end(kGone), error) != std::end(kGone);
}

// Whether all is as it shall be though a message was refused: what is to be made is there, what is to go is gone.
bool is_so_already(std::span<const uint8_t> message, int error) {
  return (header_of(message)->nlmsg_flags & NLM_F_CREATE) != 0 ? error == EEXIST : is_gone(error);
}

std::vector<std::span<uint8_t>> split(std::span<uint8_t> messages) {
  std::vector<std::span<uint8_t>> parts;
  for (size_t at = 0; at < messages.size(); at += NLMSG_ALIGN(parts.back().size()))
    parts.push_back(messages.subspan(at, header_of(messages.subspan(at))->nlmsg_len));
  return parts;
}

}  // namespace

Failure Transaction::look_before(ThreadHome& thread, const Step& step, Operation& operation) {
  if (!step.recipe && step.along == 0) return {};
  // The change itself is compared with what there is, so its own places have to be filled in.
  if (Failure failure = relocate(thread, step, operation)) return failure;
  // A namespace that goes takes its objects along, but a device that came into it goes back with its settings.
  const bool goes = created_[step.netns];
  if (step.recipe && !(goes && script_.recipes[*step.recipe].mode == UndoRecipe::Mode::object)) {
    Replies replies;
    if (Failure failure = look(thread, step, step.lookup, replies)) return failure;
    note_restoring(step, replies, operation);
  }
  for (size_t i = 0; i < step.along && !goes; ++i) {
    if (Failure failure = look_along(thread, step, step.first_along + i, operation)) return failure;
  }
  return {};
}

Failure Transaction::look(ThreadHome& thread, const Step& step, std::span<uint8_t> lookup, Replies& replies) {
  const bool dump = (header_of(lookup)->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  return read_whole(thread, step, {lookup, dump ? Ending::dump : Ending::reply, kGone}, replies);
}

Failure Transaction::read_whole(ThreadHome& thread, const Step& step, const NetlinkSocket::Request& request,
                                Replies& replies) {
  for (int tries = 1;; ++tries) {
    replies = {};
    const Failure failure = send(thread, step, request, replies);
    if (failure || !replies.interrupted || replies.refused || tries == kDumpTries) return failure;
    std::this_thread::sleep_for(std::chrono::milliseconds(tries));
  }
}

void Transaction::note_restoring(const Step& step, const Replies& replies, Operation& operation) {
  const UndoRecipe& recipe = script_.recipes[*step.recipe];
  Comeback comeback(recipe);
  bool found = false;
  for_each_object(replies, recipe.header_size, [&](Bytes object) {
    if (!found && is_same_object(step.bytes, object, recipe)) {
      found = true;
      comeback.goes(object, step.bytes);
    } else if (!recipe.replaces) {
      comeback.stays(object);
    }
  });
  // Without an object there is nothing to bring back: the change will be refused, or makes it.
  if (found) operation.tell().restoring.push_back({index_of(step, operation), comeback.take()});
  if (!found && recipe.replaces)
    operation.tell().restoring.push_back({index_of(step, operation), inverse(step.bytes, recipe.remove_type)});
}

Failure Transaction::look_along(ThreadHome& thread, const Step& step, size_t index, Operation& operation) {
  const Along& along = script_.along[index];
  Replies replies;
  if (Failure failure = look(thread, step, along.lookup, replies)) return failure;
  const UndoRecipe& recipe = script_.recipes[along.recipe];
  Comeback comeback(recipe, Comeback::Others::noted);
  for_each_object(replies, recipe.header_size, [&](Bytes object) {
    if (matches(object, recipe.header_size, along.pattern)) {
      comeback.goes(object, along.model);
    } else {
      comeback.stays(object);
    }
  });
  std::vector<uint8_t> messages = comeback.take();
  if (!messages.empty()) operation.tell().restoring_along.emplace_back(index, std::move(messages));
  return {};
}

bool Transaction::send_missing(ThreadHome& thread, const Step& step, const Along& along,
                               std::vector<uint8_t> messages) {
  if (!along.model.empty()) return send_back(thread, step, std::move(messages));
  Replies replies;
  if (look(thread, step, along.lookup, replies)) return false;
  const UndoRecipe& recipe = script_.recipes[along.recipe];
  Comeback now(recipe);
  for_each_object(replies, recipe.header_size, [&](Bytes object) { now.goes(object); });
  std::vector<uint8_t> all = now.take();
  std::unordered_set<std::string_view> there;
  for (const std::span<uint8_t> message : split(all))
    there.insert(as_text(message));
  std::vector<uint8_t> missing;
  std::span<const uint8_t> last;  // the last one that is made
  for (const std::span<uint8_t> message : split(messages)) {
    const bool is_there = there.contains(as_text(message));
    // What is made comes behind those that are there.
    const bool too_early = is_there && !last.empty() && are_ordered(last, message, recipe);
    last = {};
    if (is_there && !too_early) continue;
    if (too_early || along.anew) append_message(missing, inverse(message, recipe.remove_type));
    append_message(missing, message);
    last = message;
  }
  return send_back(thread, step, std::move(missing));
}

const Step* Transaction::lone_step(const Operation& operation) const {
  if (operation.outcome != Outcome::done || operation.creation || operation.steps != 1) return nullptr;
  const Step& step = script_.steps[operation.first_step];
  const bool more = step.undo || step.lasting || step.recipe || step.sweep || step.along > 0;
  return step.inverse != 0 && !more && script_.namespaces[step.netns] ? &step : nullptr;
}

size_t Transaction::begin_of_undo(size_t end) const {
  const Step* last = lone_step(script_.operations[end - 1]);
  size_t first = end - 1;
  for (; last && first > 0 && end - first < kMostTogether; --first) {
    const Step* next = lone_step(script_.operations[first - 1]);
    if (!next || next->netns != last->netns || next->protocol != last->protocol) break;
  }
  return first;
}

void Transaction::roll_back(ThreadHome& thread) {
  rolled_back_ = true;
  for (size_t end = tried_; end > 0;) {
    const size_t first = begin_of_undo(end);
    Operation& operation = script_.operations[end - 1];
    if (end - first > 1) {
      undo_together(thread, first, end);
    } else if (operation.outcome == Outcome::done) {
      operation.outcome = undo(thread, operation) ? Outcome::undone : Outcome::stuck;
    }
    end = first;
  }
}

void Transaction::undo_together(ThreadHome& thread, size_t first, size_t end) {
  std::vector<uint8_t> messages;
  const Step& step = script_.steps[script_.operations[first].first_step];
  for (size_t i = end; i-- > first;) {
    const Step& its = script_.steps[script_.operations[i].first_step];
    append_message(messages, inverse(its.bytes, its.inverse));
  }
  Replies replies;
  const Failure failure = send(thread, step, {messages, Ending::last_ack, kGone}, replies);
  for (size_t i = first; i < end; ++i)
    script_.operations[i].outcome = failure ? Outcome::stuck : Outcome::undone;
  for_each_refusal(replies, [&](uint32_t number, std::span<const uint8_t> refusal) {
    if (number < end - first && !is_gone(-error_in(refusal)))
      script_.operations[end - 1 - number].outcome = Outcome::stuck;
  });
}

bool Transaction::undo(ThreadHome& thread, Operation& operation) {
  if (!operation.creation) return undo_steps(thread, operation, operation.steps);
  operation.details->pin = Pin();
  script_.namespaces[operation.creation->netns].reset();
  return true;
}

// Backwards from the step that failed.
bool Transaction::undo_steps(ThreadHome& thread, Operation& operation, size_t end) {
  if (operation.details && operation.details->found) return true;
  bool all = true;
  for (size_t i = end; i-- > 0;)
    all = undo_step(thread, script_.steps[operation.first_step + i], operation) && all;
  return all;
}

bool Transaction::undo_step(ThreadHome& thread, const Step& step, Operation& operation) {
  if (step.undo) {
    Replies replies;
    return !execute(thread, step, operation, replies) && !replies.refused;
  }
  bool all = !step.lasting;
  if (step.inverse != 0) all = send_back(thread, step, inverse(step.bytes, step.inverse)) && all;
  if (!operation.details) return all;
  for (auto& [of, messages] : operation.details->restoring) {
    if (of == index_of(step, operation)) all = send_back(thread, step, std::move(messages)) && all;
  }
  for (auto& [of, messages] : operation.details->restoring_along) {
    const bool its = of >= step.first_along && of < step.first_along + step.along;
    if (its) all = send_missing(thread, step, script_.along[of], std::move(messages)) && all;
  }
  return all;
}

bool Transaction::send_back(ThreadHome& thread, const Step& step, std::vector<uint8_t> messages) {
  for (int round = 0; round < kRounds && !messages.empty(); ++round) {
    Replies replies;
    if (send(thread, step, {messages, Ending::last_ack}, replies)) return false;
    const std::vector<std::span<uint8_t>> sent = split(messages);
    std::vector<uint8_t> again;
    for_each_refusal(replies, [&](uint32_t number, std::span<const uint8_t> refusal) {
      if (number < sent.size() && !is_so_already(sent[number], -error_in(refusal))) append_message(again, sent[number]);
    });
    const bool progress = again.size() < messages.size();
    messages = std::move(again);
    if (!progress) break;
  }
  return messages.empty();
}

}  // namespace netloom
