#include "rollback/exact_removal.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

namespace netloom {
namespace {

// One of the objects whose order matters to the kernel.
struct Member {
  Bytes object;
  bool goes;
  std::vector<uint8_t> removal;
};

// For each field by which the kernel selects, a number in place of its value. 0: the object lacks the field, or the
// removal does not select by it.
using Values = std::vector<uint32_t>;

// Numbers the values of the fields by which the kernel selects. A sorted map and no hash table: a process in the
// namespace chooses the values, and could make them collide.
class Numbering {
 public:
  explicit Numbering(const UndoRecipe& recipe)
      : recipe_(recipe), numbers_(recipe.selecting_header.size() + recipe.selecting.size()) {}

  Values of_object(Bytes object) {
    return values_of(object, [](Bytes) { return true; });
  }
  // A removal does not select by a field that it gives as zero or as all ones.
  Values of_removal(Bytes removal) {
    return values_of(removal, [](Bytes value) {
      const auto all = [&](uint8_t byte) {
        return std::all_of(value.begin(), value.end(), [byte](uint8_t one) { return one == byte; });
      };
      return !all(0) && !all(0xff);
    });
  }

 private:
  template <class Counts>
  Values values_of(Bytes message, Counts counts) {
    Values values;
    const auto add = [&](std::optional<Bytes> value) {
      auto& numbers = numbers_[values.size()];
      if (!value || !counts(*value)) {
        values.push_back(0);
      } else {
        values.push_back(numbers.try_emplace(as_text(*value), numbers.size() + 1).first->second);
      }
    };
    for (const Range& range : recipe_.selecting_header)
      add(family_header_of(message, recipe_).subspan(range.at, range.size));
    for (const uint16_t number : recipe_.selecting) {
      Attribute found;
      add(find_attribute(attributes_of(message, recipe_), number, found) ? std::optional(found.payload) : std::nullopt);
    }
    return values;
  }

  const UndoRecipe& recipe_;
  std::vector<std::map<std::string_view, uint32_t>> numbers_;
};

// For each field, whether a removal selects by it.
using Shape = std::vector<bool>;

Shape shape_of(const Values& removal) {
  Shape shape;
  for (const uint32_t value : removal)
    shape.push_back(value != 0);
  return shape;
}

Values selected_by(const Shape& shape, const Values& values) {
  Values selected;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i]) selected.push_back(values[i]);
  return selected;
}

// For each member, the index of the first member before it that stays and that the kernel would remove in its place;
// the number of members if there is none. Removals of one shape share one index. Beyond kMostShapes shapes it is the
// first member that stays, which makes more copies than necessary.
std::vector<size_t> first_taken(const std::vector<Member>& members, const UndoRecipe& recipe) {
  constexpr size_t kMostShapes = 16;
  const size_t none = members.size();
  Numbering numbering(recipe);
  std::vector<Values> objects, removals;
  std::map<Shape, std::vector<size_t>> by_shape;
  size_t first_that_stays = none;
  std::vector<size_t> taken(members.size(), none);
  for (size_t i = 0; i < members.size(); ++i) {
    objects.push_back(numbering.of_object(members[i].object));
    removals.push_back(numbering.of_removal(members[i].removal));
    if (first_that_stays < i) taken[i] = first_that_stays;
    if (!members[i].goes) first_that_stays = std::min(first_that_stays, i);
    const Shape shape = shape_of(removals[i]);
    const auto known = by_shape.find(shape);
    if (known != by_shape.end()) {
      known->second.push_back(i);
    } else if (by_shape.size() < kMostShapes) {
      by_shape[shape] = {i};
    }
  }
  for (const auto& [shape, of_shape] : by_shape) {
    std::map<Values, size_t> first;
    size_t next = 0;
    for (size_t i = 0; i < members.size() && next < of_shape.size(); ++i) {
      if (of_shape[next] == i) {
        const auto found = first.find(selected_by(shape, removals[i]));
        taken[i] = found == first.end() ? none : found->second;
        ++next;
      }
      if (!members[i].goes) first.try_emplace(selected_by(shape, objects[i]), i);
    }
  }
  return taken;
}

void remove_exactly(const std::vector<Member>& members, const UndoRecipe& recipe, ExactRemoval& result) {
  const std::vector<size_t> taken = first_taken(members, recipe);
  // Members from `begin` on are all removed, those that stay after they were copied.
  size_t begin = members.size();
  for (size_t i = 0; i < members.size(); ++i)
    if (members[i].goes) begin = std::min(begin, taken[i]);
  // No removal may match a member before `begin`.
  for (size_t i = members.size(); i-- > begin;)
    begin = std::min(begin, taken[i]);
  for (size_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    if (i < begin && !member.goes) continue;
    const std::vector<uint8_t> make = restoring(member.object, member.object, recipe);
    append_message(result.trials, make);
    if (!member.goes) append_message(result.copies, make);
    append_message(result.removals, member.removal);
  }
}

}  // namespace

ExactRemoval exact_removal(const std::vector<Bytes>& objects, const std::vector<bool>& goes, const UndoRecipe& recipe) {
  ExactRemoval result;
  // In a dump, objects whose order matters follow one another.
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
