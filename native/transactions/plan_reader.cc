#include "transactions/plan_reader.h"

#include "base/layout.h"

namespace netloom {

std::optional<Plan> Plan::open(std::span<const int32_t> words, size_t most_bytes) {
  Plan plan;
  constexpr size_t kHead = layout::plan_size::head;
  if (words.size() < kHead) return std::nullopt;
  const auto head = [&](int32_t place) {
    return static_cast<size_t>(static_cast<uint32_t>(words[static_cast<size_t>(place)]));
  };
  const size_t count = head(layout::plan_head::words);
  plan.bytes_ = head(layout::plan_head::bytes);
  const size_t namespaces = head(layout::plan_head::namespaces);
  if (count < kHead || count > words.size() || plan.bytes_ > most_bytes || namespaces > (count - kHead) / 2)
    return std::nullopt;
  plan.words_ = words.first(count - 2 * namespaces);
  plan.handles_ = words.subspan(plan.words_.size(), 2 * namespaces);
  return plan;
}

uint64_t Plan::handle(size_t netns) const {
  return static_cast<uint32_t>(handles_[2 * netns]) |
         static_cast<uint64_t>(static_cast<uint32_t>(handles_[2 * netns + 1])) << 32;
}

bool Plan::read(Script& script) {
  script.rollback = words_[layout::plan_head::rollback] != 0;
  script.stop_at_failure = words_[layout::plan_head::stop_at_failure] != 0;
  at_ = layout::plan_head::recipes;
  const size_t recipes = size();
  const size_t operations = size();
  at_ = layout::plan_size::head;
  for (size_t i = 0; i < recipes; ++i) {
    if (!read_recipe(script)) return false;
  }
  if (operations > words_.size() - at_) return false;
  script.operations.reserve(operations);
  script.steps.reserve(operations);
  for (size_t i = 0; i < operations; ++i) {
    if (!read_operation(script)) return false;
  }
  return at_ == words_.size() && script.is_sound();
}

template <class Each>
bool Plan::read_list(size_t width, Each each) {
  if (!has(1)) return false;
  const size_t count = size();
  if (count > (words_.size() - at_) / width) return false;
  for (size_t i = 0; i < count; ++i)
    each();
  return true;
}

bool Plan::read_part(Script& script, std::span<uint8_t>& bytes) {
  if (!has(2)) return false;
  const size_t offset = size();
  const size_t length = size();
  if (offset > script.bytes.size() || length > script.bytes.size() - offset) return false;
  bytes = std::span(script.bytes).subspan(offset, length);
  return true;
}

bool Plan::read_recipe(Script& script) {
  if (!has(layout::plan_size::recipe)) return false;
  UndoRecipe& recipe = script.recipes.emplace_back();
  recipe.mode = word() == layout::recipe_mode::settings ? UndoRecipe::Mode::settings : UndoRecipe::Mode::object;
  recipe.header_size = size();
  recipe.absent_is_any = word() != 0;
  recipe.only_what_is_there = word() != 0;
  recipe.make_type = static_cast<uint16_t>(word());
  recipe.make_flags = static_cast<uint16_t>(word());
  recipe.remove_type = static_cast<uint16_t>(word());
  recipe.replaces = word() != 0;
  recipe.ordered = word();
  // The order in which the two of a pair are read matters.
  const auto pair_into = [this](auto& list) {
    return [this, &list] {
      const size_t first = size();
      const auto second = static_cast<uint32_t>(word());
      list.push_back({first, second});
    };
  };
  const auto number_into = [this](std::vector<uint16_t>& list) {
    return [this, &list] { list.push_back(static_cast<uint16_t>(word())); };
  };
  const auto number = [this] { return static_cast<uint16_t>(word()); };
  const auto instead = [&] {
    const uint16_t there = number();
    recipe.instead.push_back({there, number()});
  };
  const auto items = [&] {
    const uint16_t attribute = number();
    const size_t at = size();
    recipe.items.push_back({attribute, at, static_cast<uint8_t>(word())});
  };
  const auto rest = [&] {
    RestOfTime& expiry = recipe.expiry.emplace();
    expiry.told = number();
    expiry.at = size();
    expiry.ticks = static_cast<uint32_t>(word());
    expiry.taken = number();
  };
  const auto bits = [&] {
    BitSet& set = recipe.bits.emplace();
    set.attribute = number();
    set.list = number();
    set.name = number();
    set.value = number();
  };
  return read_list(2, pair_into(recipe.same_header)) && read_list(1, number_into(recipe.same)) &&
         read_list(2, pair_into(recipe.old_header)) && read_list(2, pair_into(recipe.masked)) &&
         read_list(1, number_into(recipe.dropped)) && read_list(2, instead) && read_list(3, items) &&
         read_list(4, rest) && read_list(2, pair_into(recipe.alike_header)) &&
         read_list(1, number_into(recipe.alike)) && read_list(2, pair_into(recipe.selecting_header)) &&
         read_list(1, number_into(recipe.selecting)) && read_list(4, bits);
}

bool Plan::read_operation(Script& script) {
  if (!has(1)) return false;
  Operation operation{};
  operation.first_step = script.steps.size();
  const int32_t steps = word();
  if (steps != layout::creation_mark::creation) {
    if (steps < 0) return false;
    operation.steps = static_cast<uint32_t>(steps);
    operation.first_forgiven = script.tolerated.size();
    if (!read_list(1, [&] { script.tolerated.push_back(word()); })) return false;
    operation.forgiven = script.tolerated.size() - operation.first_forgiven;
    script.operations.push_back(std::move(operation));
    for (int32_t i = 0; i < steps; ++i) {
      if (!read_step(script)) return false;
    }
    return true;
  }
  if (!has(layout::plan_size::creation - 1)) return false;
  operation.creation = std::make_unique<Creation>();
  Creation& creation = *operation.creation;
  creation.netns = size();
  const int32_t name = word();
  if (name >= 0) {
    if (static_cast<size_t>(name) >= script.names.size()) return false;
    creation.path = script.names[static_cast<size_t>(name)];
  }
  const int32_t traits = word();
  creation.ephemeral = (traits & layout::creation_trait::ephemeral) != 0;
  creation.rootless = (traits & layout::creation_trait::rootless) != 0;
  script.operations.push_back(std::move(operation));
  return true;
}

bool Plan::read_step(Script& script) {
  if (!has(layout::plan_size::step)) return false;
  Step step{};
  step.netns = size();
  step.protocol = word();
  const size_t ending = size();
  if (ending > static_cast<size_t>(Ending::last_ack)) return false;
  step.ending = static_cast<Ending>(ending);
  const int32_t traits = word();
  step.undo = (traits & layout::step_trait::undo) != 0;
  step.undivided = (traits & layout::step_trait::undivided) != 0;
  step.lasting = (traits & layout::step_trait::lasting) != 0;
  step.ensures = (traits & layout::step_trait::ensures) != 0;
  step.expects = (traits & layout::step_trait::expects) != 0;
  step.inverse = static_cast<uint16_t>(word());
  const int32_t recipe = word();
  if (recipe >= 0) step.recipe = static_cast<uint32_t>(recipe);
  if (!read_part(script, step.bytes) || !read_part(script, step.lookup)) return false;
  step.tolerated = size();
  step.relocations = size();
  const size_t rest = words_.size() - at_;
  if (step.tolerated > rest || step.relocations > (rest - step.tolerated) / layout::plan_size::relocation) return false;
  step.first_tolerated = script.tolerated.size();
  for (size_t i = 0; i < step.tolerated; ++i)
    script.tolerated.push_back(word());
  step.first_relocation = script.relocations.size();
  for (size_t i = 0; i < step.relocations; ++i) {
    const bool device = word() == layout::relocation::device_index;
    const size_t place = size();
    const size_t netns = size();
    const auto name = static_cast<uint32_t>(word());
    script.relocations.push_back(
        {device ? Relocation::What::device_index : Relocation::What::netns_descriptor, place, netns, name});
  }
  if ((traits & layout::step_trait::sweep) != 0) {
    Sweep& sweep = script.sweeps.emplace_back();
    sweep.recipe = step.recipe.value_or(UINT32_MAX);
    sweep.backwards = (traits & layout::step_trait::backwards) != 0;
    sweep.first_only = (traits & layout::step_trait::first_only) != 0;
    step.recipe.reset();
    step.sweep = static_cast<uint32_t>(script.sweeps.size() - 1);
    if (!read_pattern(script, sweep.pattern)) return false;
  }
  step.first_along = script.along.size();
  if ((traits & layout::step_trait::along) != 0) {
    if (!has(1)) return false;
    for (size_t left = size(); left > 0; --left) {
      if (!read_along(script)) return false;
    }
    step.along = script.along.size() - step.first_along;
  }
  script.steps.push_back(std::move(step));
  return true;
}

bool Plan::read_along(Script& script) {
  if (!has(2)) return false;
  Along along{};
  along.recipe = size();
  along.anew = word() != 0;
  if (!read_part(script, along.lookup) || !read_part(script, along.model)) return false;
  if (!read_pattern(script, along.pattern)) return false;
  script.along.push_back(std::move(along));
  return true;
}

bool Plan::read_pattern(Script& script, Pattern& pattern) {
  if (!has(1)) return false;
  for (size_t conditions = size(); conditions > 0; --conditions) {
    Condition& condition = pattern.emplace_back();
    if (!has(1)) return false;
    for (size_t tests = size(); tests > 0; --tests) {
      if (!read_test(script, condition.emplace_back())) return false;
    }
  }
  return true;
}

bool Plan::read_test(Script& script, Test& test) {
  if (!has(3)) return false;
  const int32_t traits = word();
  test.in_header = (traits & layout::test_trait::header) != 0;
  test.negated = (traits & layout::test_trait::negated) != 0;
  test.zero_is_absent = (traits & layout::test_trait::zero_is_absent) != 0;
  test.presence = (traits & layout::test_trait::presence) != 0;
  test.part = (traits & layout::test_trait::part) != 0;
  test.at_most = (traits & layout::test_trait::at_most) != 0;
  test.mask = static_cast<uint32_t>(word());
  test.at = static_cast<uint32_t>(word());
  if (!read_list(1, [&] { test.place.push_back(static_cast<uint32_t>(word())); })) return false;
  std::span<uint8_t> value;
  if (!read_part(script, value)) return false;
  test.value = value;
  return !test.place.empty();
}

}  // namespace netloom
