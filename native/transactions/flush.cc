// Steps that remove what a dump finds: the matches are sent back as messages that remove them.
#include <algorithm>
#include <cerrno>
#include <string_view>
#include <unordered_set>

#include "rollback/exact_removal.h"
#include "rollback/restore_messages.h"
#include "transactions/transaction.h"

namespace netloom {
Failure Transaction::flush(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies) {
  const Flush& flush = plan_.flushes[*step.flush];
  const UndoRecipe& recipe = plan_.recipes[flush.recipe];
  Replies found;
  if (Failure failure = relocate(thread, step, operation)) return failure;
  if (step.expects) return expect(thread, step, replies);
  if (Failure failure = read_whole(thread, step, {step.bytes, Ending::dump, tolerated(step)}, found)) return failure;
  if (found.interrupted && !found.refused) return Failure{EINTR, "recvmsg (dump)"};
  if (found.refused) {
    replies = std::move(found);
    return {};
  }
  if (step.ensures) {
    for_each_object(found, recipe.header_size, [&](Bytes object) {
      if (replies.blocks.empty() && matches(object, recipe.header_size, flush.pattern))
        replies.blocks.append(object.data(), object.size());
    });
    return {};
  }
  std::vector<std::vector<uint8_t>> removals;
  std::vector<Bytes> objects;
  std::vector<bool> goes;
  for_each_object(found, recipe.header_size, [&](Bytes object) {
    const bool wanted = !flush.first_only || removals.empty();
    objects.push_back(object);
    goes.push_back(wanted && matches(object, recipe.header_size, flush.pattern));
    if (goes.back()) removals.push_back(removing(object, recipe));
  });
  if (removals.empty()) return flush.first_only ? Failure{ENOENT, nullptr} : Failure{};
  const bool noted = plan_.rollback && !created_[step.netns];
  Replies all;
  if (noted && !step.lookup.empty()) {
    if (Failure failure = query(thread, step, step.lookup, all)) return failure;
  }
  std::vector<uint8_t> messages;
  if (!recipe.selecting.empty()) {
    ExactRemoval removal = exact_removal(objects, goes, recipe);
    if (Failure failure = make_copies(thread, step, operation, removal, replies)) return failure;
    if (replies.refused) return {};
    messages = std::move(removal.removals);
  } else {
    if (flush.backwards) std::reverse(removals.begin(), removals.end());
    for (const std::vector<uint8_t>& removal : removals)
      append_message(messages, removal);
  }
  if (noted) note_flushed(step, step.lookup.empty() ? found : all, removals, operation);
  const Failure failure = send(thread, step, {messages, Ending::last_ack, kGone}, replies);
  // JavaScript finds the step by the sequence number of its lookup, not by those of these messages.
  --replies.first_sequence;
  if (!failure && !replies.refused) replies.blocks = {};
  return failure;
}

// The kernel refuses to copy, and to remove, what this process may not make, such as a rule for user ids in the user
// namespace of another one. Once copies are made no message removes just them: it would take the originals. So all are
// tried out first.
Failure Transaction::make_copies(ThreadHome& thread, const Step& step, Operation& operation, ExactRemoval& removal,
                                 Replies& replies) {
  const std::vector<std::span<uint8_t>> trials = split_messages(removal.trials);
  if (trials.size() < 2) return {};
  std::vector<bool> made;
  Failure failure = try_out(thread, step, removal.trials, made, replies);
  if (failure) return failure;
  bool leftover = std::find(made.begin(), made.end(), true) != made.end();
  if (!replies.refused) {
    // Removes what was made where the kernel was to say that it exists.
    const UndoRecipe& recipe = plan_.recipes[plan_.flushes[*step.flush].recipe];
    for (size_t i = 0; i < trials.size(); ++i)
      if (made[i]) append_message(removal.removals, inverse(trials[i], recipe.remove));
    replies = {};
    if (removal.copies.empty()) return {};
    failure = send(thread, step, {removal.copies, Ending::last_ack, {}}, replies);
    if (!failure && !replies.refused) return {};
    leftover = true;  // some copies were made
  }
  if (leftover) operation.tell().leftover = true;
  // JavaScript finds the step by the sequence number of its lookup, not by those of these messages.
  --replies.first_sequence;
  return failure;
}

Failure Transaction::try_out(ThreadHome& thread, const Step& step, std::vector<uint8_t> messages,
                             std::vector<bool>& made, Replies& replies) {
  static constexpr int kExists[] = {EEXIST};
  const std::vector<std::span<uint8_t>> parts = split_messages(messages);
  for (const std::span<uint8_t> message : parts)
    reinterpret_cast<nlmsghdr*>(message.data())->nlmsg_flags |= NLM_F_EXCL;
  Replies all;
  const Failure failure = send(thread, step, {messages, Ending::last_ack, kExists}, all);
  made.assign(parts.size(), !failure);
  replies.first_sequence = all.first_sequence;
  replies.refused = all.refused;
  for_each_refusal(all, [&](uint32_t number, Bytes refusal) {
    if (number < made.size()) made[number] = false;
    if (error_in(refusal) != -EEXIST) replies.blocks.append(refusal.data(), refusal.size());
  });
  return failure;
}

Failure Transaction::expect(ThreadHome& thread, const Step& step, Replies& replies) {
  const Flush& flush = plan_.flushes[*step.flush];
  const size_t header_size = plan_.recipes[flush.recipe].header_size;
  Failure failure = send(thread, step, {step.bytes, step.ending, tolerated(step)}, replies);
  if (failure || replies.refused) return failure;
  for_each_object(replies, header_size, [&](Bytes object) {
    if (!matches(object, header_size, flush.pattern)) failure = Failure{EOPNOTSUPP, nullptr};
  });
  return failure;
}

void Transaction::note_flushed(const Step& step, const Replies& all, const std::vector<std::vector<uint8_t>>& removals,
                               Operation& operation) {
  const UndoRecipe& recipe = plan_.recipes[plan_.flushes[*step.flush].recipe];
  std::unordered_set<std::string_view> going;
  for (const std::vector<uint8_t>& removal : removals)
    going.insert(as_text(removal));
  RestoreMessages restore(recipe);
  for_each_object(all, recipe.header_size, [&](Bytes object) {
    if (going.contains(as_text(removing(object, recipe)))) {
      restore.removed(object);
    } else {
      restore.kept(object);
    }
  });
  operation.tell().restoring.push_back({index_of(step, operation), restore.take()});
}

}  // namespace netloom
