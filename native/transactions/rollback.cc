// The way back of a transaction: what is noted before a change, and how it is taken back.
#include <linux/netlink.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>
#include <unordered_set>

#include "rollback/restore_messages.h"
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

}  // namespace

Failure Transaction::query_before(ThreadHome& thread, const Step& step, Operation& operation) {
  if (!step.recipe && step.side_effects == 0) return {};
  // The change itself is compared with what there is, so its own places have to be filled in.
  if (Failure failure = relocate(thread, step, operation)) return failure;
  // A namespace that goes takes its objects along, but a device that came into it goes back with its settings.
  const bool goes = created_[step.netns];
  if (step.recipe && !(goes && plan_.recipes[*step.recipe].mode == UndoRecipe::Mode::object)) {
    Replies replies;
    if (Failure failure = query(thread, step, step.lookup, replies)) return failure;
    note_restoring(step, replies, operation);
  }
  for (size_t i = 0; i < step.side_effects && !goes; ++i) {
    if (Failure failure = query_side_effect(thread, step, step.first_side_effect + i, operation)) return failure;
  }
  return {};
}

Failure Transaction::query(ThreadHome& thread, const Step& step, std::span<uint8_t> lookup, Replies& replies) {
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
  const UndoRecipe& recipe = plan_.recipes[*step.recipe];
  RestoreMessages restore(recipe);
  bool found = false;
  for_each_object(replies, recipe.header_size, [&](Bytes object) {
    if (!found && is_same_object(step.bytes, object, recipe)) {
      found = true;
      restore.removed(object, step.bytes);
    } else if (!recipe.replaces) {
      restore.kept(object);
    }
  });
  // Without an object there is nothing to bring back: the change will be refused, or makes it.
  if (found) operation.tell().restoring.push_back({index_of(step, operation), restore.take()});
  if (!found && recipe.replaces)
    operation.tell().restoring.push_back({index_of(step, operation), inverse(step.bytes, recipe.remove)});
}

Failure Transaction::query_side_effect(ThreadHome& thread, const Step& step, size_t index, Operation& operation) {
  const SideEffect& effect = plan_.side_effects[index];
  Replies replies;
  if (Failure failure = query(thread, step, effect.lookup, replies)) return failure;
  const UndoRecipe& recipe = plan_.recipes[effect.recipe];
  RestoreMessages restore(recipe, RestoreMessages::Keeping::note);
  for_each_object(replies, recipe.header_size, [&](Bytes object) {
    if (matches(object, recipe.header_size, effect.pattern)) {
      restore.removed(object, effect.model);
    } else {
      restore.kept(object);
    }
  });
  std::vector<uint8_t> messages = restore.take();
  if (!messages.empty()) operation.tell().restoring_side_effects.emplace_back(index, std::move(messages));
  return {};
}

bool Transaction::send_missing(ThreadHome& thread, const Step& step, const SideEffect& effect,
                               std::vector<uint8_t> messages) {
  if (!effect.model.empty()) return send_undo(thread, step, std::move(messages));
  Replies replies;
  if (query(thread, step, effect.lookup, replies)) return false;
  const UndoRecipe& recipe = plan_.recipes[effect.recipe];
  RestoreMessages now(recipe);
  for_each_object(replies, recipe.header_size, [&](Bytes object) { now.removed(object); });
  std::vector<uint8_t> all = now.take();
  std::unordered_set<std::string_view> there;
  for (const std::span<uint8_t> message : split_messages(all))
    there.insert(as_text(message));
  std::vector<uint8_t> missing;
  std::span<const uint8_t> last;  // the last one that is made
  for (const std::span<uint8_t> message : split_messages(messages)) {
    const bool is_there = there.contains(as_text(message));
    // What is made comes behind those that are there.
    const bool too_early = is_there && !last.empty() && are_ordered(last, message, recipe);
    last = {};
    if (is_there && !too_early) continue;
    if (too_early || effect.remove_first) append_message(missing, inverse(message, recipe.remove));
    append_message(missing, message);
    last = message;
  }
  return send_undo(thread, step, std::move(missing));
}

const Step* Transaction::lone_step(const Operation& operation) const {
  if (operation.outcome != Outcome::done || operation.creation || operation.steps != 1) return nullptr;
  const Step& step = plan_.steps[operation.first_step];
  const bool more = step.undo || step.lasting || step.recipe || step.flush || step.side_effects > 0;
  return step.inverse != 0 && !more && plan_.namespaces[step.netns] ? &step : nullptr;
}

size_t Transaction::begin_of_undo(size_t end) const {
  const Step* last = lone_step(plan_.operations[end - 1]);
  size_t first = end - 1;
  for (; last && first > 0 && end - first < kMostTogether; --first) {
    const Step* next = lone_step(plan_.operations[first - 1]);
    if (!next || next->netns != last->netns || next->protocol != last->protocol) break;
  }
  return first;
}

void Transaction::roll_back(ThreadHome& thread) {
  rolled_back_ = true;
  for (size_t end = tried_; end > 0;) {
    const size_t first = begin_of_undo(end);
    Operation& operation = plan_.operations[end - 1];
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
  const Step& step = plan_.steps[plan_.operations[first].first_step];
  for (size_t i = end; i-- > first;) {
    const Step& its = plan_.steps[plan_.operations[i].first_step];
    append_message(messages, inverse(its.bytes, {its.inverse, -1}));
  }
  Replies replies;
  const Failure failure = send(thread, step, {messages, Ending::last_ack, kGone}, replies);
  for (size_t i = first; i < end; ++i)
    plan_.operations[i].outcome = failure ? Outcome::stuck : Outcome::undone;
  for_each_refusal(replies, [&](uint32_t number, std::span<const uint8_t> refusal) {
    if (number < end - first && !is_gone(-error_in(refusal)))
      plan_.operations[end - 1 - number].outcome = Outcome::stuck;
  });
}

bool Transaction::undo(ThreadHome& thread, Operation& operation) {
  if (!operation.creation) return undo_steps(thread, operation, operation.steps);
  operation.details->pin = Pin();
  plan_.namespaces[operation.creation->netns].reset();
  return true;
}

// Backwards from the step that failed.
bool Transaction::undo_steps(ThreadHome& thread, Operation& operation, size_t end) {
  if (operation.details && operation.details->found) return true;
  bool all = true;
  for (size_t i = end; i-- > 0;)
    all = undo_step(thread, plan_.steps[operation.first_step + i], operation) && all;
  return all;
}

bool Transaction::undo_step(ThreadHome& thread, const Step& step, Operation& operation) {
  if (step.undo) {
    Replies replies;
    return !execute(thread, step, operation, replies) && !replies.refused;
  }
  bool all = !step.lasting;
  if (step.inverse != 0) all = send_undo(thread, step, inverse(step.bytes, {step.inverse, -1})) && all;
  if (!operation.details) return all;
  for (auto& [of, messages] : operation.details->restoring) {
    if (of != index_of(step, operation)) continue;
    all = drop_refused_remakes(thread, step, messages) && all;
    all = send_undo(thread, step, std::move(messages)) && all;
  }
  for (auto& [of, messages] : operation.details->restoring_side_effects) {
    const bool its = of >= step.first_side_effect && of < step.first_side_effect + step.side_effects;
    if (its) all = send_missing(thread, step, plan_.side_effects[of], std::move(messages)) && all;
  }
  return all;
}

// A rule that this process may not make must not be removed to be made again in its place: it would be lost. While it
// stays, the removals of the others might take it instead.
bool Transaction::drop_refused_remakes(ThreadHome& thread, const Step& step, std::vector<uint8_t>& messages) {
  const UndoRecipe* recipe = step.flush    ? &plan_.recipes[plan_.flushes[*step.flush].recipe]
                             : step.recipe ? &plan_.recipes[*step.recipe]
                                           : nullptr;
  if (!recipe || recipe->selecting.empty()) return true;
  const std::vector<std::span<uint8_t>> all = split_messages(messages);
  const auto is_removal = [&](size_t i) { return header_of(all[i])->nlmsg_type == recipe->remove.type; };
  std::vector<uint8_t> remakes;
  for (size_t i = 1; i < all.size(); ++i)
    if (is_removal(i - 1)) append_message(remakes, all[i]);
  if (remakes.empty()) return true;
  std::vector<bool> made;
  Replies replies;
  if (try_out(thread, step, std::move(remakes), made, replies)) return false;
  if (!replies.refused) return true;
  std::vector<uint8_t> rest;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool of_a_remake = is_removal(i) || (i > 0 && is_removal(i - 1));
    if (!of_a_remake) append_message(rest, all[i]);
  }
  messages = std::move(rest);
  return false;
}

bool Transaction::send_undo(ThreadHome& thread, const Step& step, std::vector<uint8_t> messages) {
  for (int round = 0; round < kRounds && !messages.empty(); ++round) {
    Replies replies;
    if (send(thread, step, {messages, Ending::last_ack}, replies)) return false;
    const std::vector<std::span<uint8_t>> sent = split_messages(messages);
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
