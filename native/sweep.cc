// Steps that remove what a dump finds: the matches are sent back as messages that remove them.
#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "transaction.h"

namespace netloom {
Failure Transaction::sweep(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies) {
  const Sweep& sweep = script_.sweeps[*step.sweep];
  const UndoRecipe& recipe = script_.recipes[sweep.recipe];
  Replies found;
  if (Failure failure = relocate(thread, step, operation)) return failure;
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
  for_each_object(found, recipe.header_size, [&](Bytes object) {
    if (sweep.first_only && !removals.empty()) return;
    if (matches(object, recipe.header_size, sweep.pattern)) removals.push_back(removing(object, recipe));
  });
  if (removals.empty()) return sweep.first_only ? Failure{ENOENT, nullptr} : Failure{};
  if (script_.rollback && !created_[step.netns]) {
    Replies all;
    if (!step.lookup.empty()) {
      if (Failure failure = look(thread, step, step.lookup, all)) return failure;
    }
    note_swept(step, step.lookup.empty() ? found : all, removals, operation);
  }
  if (sweep.backwards) std::reverse(removals.begin(), removals.end());
  std::vector<uint8_t> messages;
  for (const std::vector<uint8_t>& removal : removals)
    append_message(messages, removal);
  const Failure failure = send(thread, step, {messages, Ending::last_ack, kGone}, replies);
  // These are not the messages that JavaScript knows the step by.
  --replies.first_sequence;
  if (!failure && !replies.refused) replies.blocks = {};
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
