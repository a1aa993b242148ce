// Steps that remove what a dump finds: the matches are sent back as messages that remove them.
#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "transactions/transaction.h"

namespace netloom {
Failure Transaction::sweep(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies) {
  const Sweep& sweep = script_.sweeps[*step.sweep];
  const UndoRecipe& recipe = script_.recipes[sweep.recipe];
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
      if (replies.blocks.empty() && matches(object, recipe.header_size, sweep.pattern))
        replies.blocks.append(object.data(), object.size());
    });
    return {};
  }
  std::vector<std::vector<uint8_t>> removals;
  std::vector<Bytes> objects;
  std::vector<bool> goes;
  for_each_object(found, recipe.header_size, [&](Bytes object) {
    const bool wanted = !sweep.first_only || removals.empty();
    objects.push_back(object);
    goes.push_back(wanted && matches(object, recipe.header_size, sweep.pattern));
    if (goes.back()) removals.push_back(removing(object, recipe));
  });
  if (removals.empty()) return sweep.first_only ? Failure{ENOENT, nullptr} : Failure{};
  if (script_.rollback && !created_[step.netns]) {
    Replies all;
    if (!step.lookup.empty()) {
      if (Failure failure = look(thread, step, step.lookup, all)) return failure;
    }
    note_swept(step, step.lookup.empty() ? found : all, removals, operation);
  }
  std::vector<uint8_t> messages;
  if (!recipe.selecting.empty()) {
    ExactRemoval removal = exact_removal(objects, goes, recipe);
    if (!removal.copies.empty()) {
      // Without all of them nothing may go.
      const Failure failure = send(thread, step, {removal.copies, Ending::last_ack, {}}, replies);
      if (replies.refused) --replies.first_sequence;
      if (failure || replies.refused) return failure;
      replies = {};
    }
    messages = std::move(removal.removals);
  } else {
    if (sweep.backwards) std::reverse(removals.begin(), removals.end());
    for (const std::vector<uint8_t>& removal : removals)
      append_message(messages, removal);
  }
  const Failure failure = send(thread, step, {messages, Ending::last_ack, kGone}, replies);
  // These are not the messages that JavaScript knows the step by.
  --replies.first_sequence;
  if (!failure && !replies.refused) replies.blocks = {};
  return failure;
}

Failure Transaction::expect(ThreadHome& thread, const Step& step, Replies& replies) {
  const Sweep& sweep = script_.sweeps[*step.sweep];
  const size_t header_size = script_.recipes[sweep.recipe].header_size;
  Failure failure = send(thread, step, {step.bytes, step.ending, tolerated(step)}, replies);
  if (failure || replies.refused) return failure;
  for_each_object(replies, header_size, [&](Bytes object) {
    if (!matches(object, header_size, sweep.pattern)) failure = Failure{EOPNOTSUPP, nullptr};
  });
  return failure;
}

void Transaction::note_swept(const Step& step, const Replies& all, const std::vector<std::vector<uint8_t>>& removals,
                             Operation& operation) {
  const UndoRecipe& recipe = script_.recipes[script_.sweeps[*step.sweep].recipe];
  std::unordered_set<std::string_view> going;
  for (const std::vector<uint8_t>& removal : removals)
    going.insert(as_text(removal));
  Comeback comeback(recipe);
  for_each_object(all, recipe.header_size, [&](Bytes object) {
    if (going.contains(as_text(removing(object, recipe)))) {
      comeback.goes(object);
    } else {
      comeback.stays(object);
    }
  });
  operation.tell().restoring.push_back({index_of(step, operation), comeback.take()});
}

}  // namespace netloom
