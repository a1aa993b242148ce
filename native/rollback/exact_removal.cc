// Which messages remove just some of the objects among which the kernel looks for the first that a message names:
// rules.
#include <algorithm>

#include "rollback/undo.h"

namespace netloom {
namespace {

// One of the objects that are alike, in their order.
struct Member {
  Bytes object;
  bool goes;
  std::vector<uint8_t> removal;
};

// The first member that stays and that the removal of one from `end` on would take instead; `end` if there is none.
size_t first_in_danger(const std::vector<Member>& members, size_t end, bool only_what_goes, const UndoRecipe& recipe) {
  for (size_t i = 0; i < end; ++i) {
    if (members[i].goes) continue;
    for (size_t j = std::max(i + 1, only_what_goes ? 0 : end); j < members.size(); ++j) {
      if (only_what_goes && !members[j].goes) continue;
      if (is_selected(members[j].removal, members[i].object, recipe)) return i;
    }
  }
  return end;
}

void remove_exactly(const std::vector<Member>& members, const UndoRecipe& recipe, ExactRemoval& result) {
  size_t anew = first_in_danger(members, members.size(), true, recipe);
  // From there on all is made anew or goes, each by a message that must not take one of those before it either.
  while (anew < members.size()) {
    const size_t before = first_in_danger(members, anew, false, recipe);
    if (before == anew) break;
    anew = before;
  }
  for (size_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    if (i >= anew && !member.goes) append_message(result.copies, restoring(member.object, member.object, recipe));
    if (i >= anew || member.goes) append_message(result.removals, member.removal);
  }
}

}  // namespace

ExactRemoval exact_removal(const std::vector<Bytes>& objects, const std::vector<bool>& goes, const UndoRecipe& recipe) {
  ExactRemoval result;
  // A dump tells those that are alike one behind the other.
  for (size_t begin = 0, end = 0; begin < objects.size(); begin = end) {
    bool any = false;
    for (end = begin; end < objects.size() && (end == begin || are_ordered(objects[begin], objects[end], recipe));
         ++end)
      any = any || goes[end];
    if (!any) continue;
    std::vector<Member> members;
    for (size_t i = begin; i < end; ++i)
      members.push_back({objects[i], goes[i], removing(objects[i], recipe)});
    remove_exactly(members, recipe, result);
  }
  return result;
}

}  // namespace netloom
