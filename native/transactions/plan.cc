#include "transactions/plan.h"

#include <algorithm>

#include "transactions/find_device.h"

namespace netloom {
namespace {

bool is_inside(const std::vector<uint8_t>& bytes, std::span<const uint8_t> part) {
  return part.data() >= bytes.data() && part.size() <= bytes.size() &&
         static_cast<size_t>(part.data() - bytes.data()) <= bytes.size() - part.size();
}

// Whether the bytes are whole messages, one after another; with `most`, no more of them.
bool are_messages(std::span<const uint8_t> bytes, size_t most) {
  size_t count = 0;
  for (size_t at = 0; at < bytes.size(); ++count) {
    if (bytes.size() - at < sizeof(nlmsghdr)) return false;
    const auto* message = reinterpret_cast<const nlmsghdr*>(bytes.data() + at);
    const size_t length = message->nlmsg_len;
    if (length < sizeof(nlmsghdr) || length > bytes.size() - at || NLMSG_ALIGN(length) > bytes.size() - at)
      return false;
    at += NLMSG_ALIGN(length);
  }
  return count > 0 && count <= most;
}

bool is_sound_recipe(const UndoRecipe& recipe) {
  const auto fits = [&](size_t at, size_t size) {
    return size <= recipe.header_size && at <= recipe.header_size - size;
  };
  const auto range_fits = [&](const Range& range) { return fits(range.at, range.size); };
  const auto word_fits = [&](const MaskedWord& word) { return fits(word.at, sizeof word.mask); };
  const auto all_fit = [&](const std::vector<Range>& ranges) {
    return std::all_of(ranges.begin(), ranges.end(), range_fits);
  };
  return recipe.header_size > 0 && recipe.header_size <= 256 && all_fit(recipe.same_header) &&
         all_fit(recipe.old_header) && all_fit(recipe.alike_header) && all_fit(recipe.selecting_header) &&
         std::all_of(recipe.masked.begin(), recipe.masked.end(), word_fits) &&
         (!recipe.expiry || recipe.expiry->ticks_per_second > 0);
}

bool is_sound_pattern(const Pattern& pattern, const UndoRecipe& recipe) {
  return std::all_of(pattern.begin(), pattern.end(), [&](const Condition& condition) {
    return std::all_of(condition.begin(), condition.end(), [&](const Test& test) {
      if (!test.in_header) return !test.part || test.value.size() <= sizeof test.mask;
      const size_t at = test.place.front();
      return test.value.size() <= sizeof test.mask && test.value.size() <= recipe.header_size &&
             at <= recipe.header_size - test.value.size();
    });
  });
}

}  // namespace

bool Plan::is_sound() const {
  if (!std::all_of(recipes.begin(), recipes.end(), is_sound_recipe)) return false;
  for (const Relocation& relocation : relocations) {
    if (bytes.size() < sizeof(uint32_t) || relocation.at > bytes.size() - sizeof(uint32_t)) return false;
    if (relocation.netns >= namespaces.size()) return false;
    const bool device = relocation.what == Relocation::What::device_index;
    if (device && (relocation.name >= names.size() || names[relocation.name].size() >= kLongestDeviceName))
      return false;
  }
  for (const Step& step : steps) {
    if (step.netns >= namespaces.size() || !is_inside(bytes, step.bytes)) return false;
    const bool one_message = step.inverse != 0 || step.recipe;
    if (!are_messages(step.bytes, one_message || step.flush ? 1 : SIZE_MAX)) return false;
    if (step.recipe) {
      if (*step.recipe >= recipes.size() || !is_inside(bytes, step.lookup) || !are_messages(step.lookup, 1))
        return false;
    }
    if (step.flush && !step.lookup.empty() && (!is_inside(bytes, step.lookup) || !are_messages(step.lookup, 1)))
      return false;
    if (step.tolerated > tolerated.size() || step.first_tolerated > tolerated.size() - step.tolerated) return false;
    if (step.relocations > relocations.size() || step.first_relocation > relocations.size() - step.relocations)
      return false;
  }
  for (const Flush& flush : flushes) {
    if (flush.recipe >= recipes.size() || !is_sound_pattern(flush.pattern, recipes[flush.recipe])) return false;
  }
  for (const SideEffect& one : side_effects) {
    if (one.recipe >= recipes.size() || !is_sound_pattern(one.pattern, recipes[one.recipe])) return false;
    const size_t least = NLMSG_HDRLEN + recipes[one.recipe].header_size;
    const bool model = !one.model.empty();
    if (!are_messages(one.lookup, 1) || (model && (!are_messages(one.model, 1) || one.model.size() < least)))
      return false;
    if (model != (recipes[one.recipe].mode == UndoRecipe::Mode::settings)) return false;
  }
  for (const Operation& operation : operations) {
    if (operation.forgiven > tolerated.size() || operation.first_forgiven > tolerated.size() - operation.forgiven)
      return false;
    const auto& creation = operation.creation;
    if (creation && (creation->netns >= namespaces.size() || namespaces[creation->netns])) return false;
    if (operation.steps > steps.size() || operation.first_step > steps.size() - operation.steps) return false;
  }
  return true;
}

}  // namespace netloom
