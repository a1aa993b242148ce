#include "transactions/plan_reader.h"

#include "base/layout.h"

namespace netloom {

namespace {

constexpr size_t kHead = layout::plan_size::head;

}  // namespace

std::optional<std::span<const int32_t>> PlanReader::section(std::span<const int32_t> words) {
  if (words.size() < kHead) return std::nullopt;
  const size_t count = head(words, layout::plan_head::words);
  if (count < kHead || count > words.size()) return std::nullopt;
  if (head(words, layout::plan_head::namespaces) > (count - kHead) / 2) return std::nullopt;
  return words.first(count);
}

std::optional<size_t> PlanReader::bytes_of(std::span<const int32_t> words) {
  size_t bytes = 0;
  size_t left = words.size() < kHead ? 0 : head(words, layout::plan_head::sections);
  if (left == 0) return std::nullopt;
  for (; left > 0; --left) {
    const auto one = section(words);
    if (!one) return std::nullopt;
    bytes += head(*one, layout::plan_head::bytes);
    words = words.subspan(one->size());
  }
  return bytes;
}

PlanReader::Status PlanReader::read(std::span<const int32_t> words, const Find& find, Plan& plan) {
  PlanReader reader(find);
  plan.rollback = head(words, layout::plan_head::rollback) != 0;
  plan.stop_at_failure = head(words, layout::plan_head::stop_at_failure) != 0;
  for (size_t left = head(words, layout::plan_head::sections); left > 0; --left) {
    const auto one = section(words);
    if (!one) return Status::malformed;
    if (const Status status = reader.read_section(*one, plan); status != Status::sound) return status;
    words = words.subspan(one->size());
  }
  return plan.is_sound() ? Status::sound : Status::malformed;
}

PlanReader::Status PlanReader::read_section(std::span<const int32_t> section, Plan& plan) {
  const size_t handles = 2 * head(section, layout::plan_head::namespaces);
  const size_t bytes = head(section, layout::plan_head::bytes);
  const size_t names = head(section, layout::plan_head::names);
  if (bytes > plan.bytes.size() - bytes_before_ || names > plan.names.size() - names_before_) return Status::malformed;
  words_ = section.first(section.size() - handles);
  bytes_ = std::span(plan.bytes).subspan(bytes_before_, bytes);
  names_ = std::span(plan.names).subspan(names_before_, names);
  recipes_ = plan.recipes.size();
  if (const Status status = read_namespaces(section.last(handles), plan); status != Status::sound) return status;
  at_ = kHead;
  const size_t recipes = head(section, layout::plan_head::recipes);
  const size_t operations = head(section, layout::plan_head::operations);
  for (size_t i = 0; i < recipes; ++i) {
    if (!read_recipe(plan)) return Status::malformed;
  }
  if (operations > words_.size() - at_) return Status::malformed;
  if (plan.operations.empty()) {
    const size_t all = operations * head(section, layout::plan_head::sections);
    if (all <= plan.bytes.size()) {
      plan.operations.reserve(all);
      plan.steps.reserve(all);
    }
  }
  for (size_t i = 0; i < operations; ++i) {
    if (!read_operation(plan)) return Status::malformed;
  }
  bytes_before_ += bytes;
  names_before_ += names;
  return at_ == words_.size() ? Status::sound : Status::malformed;
}

PlanReader::Status PlanReader::read_namespaces(std::span<const int32_t> handles, Plan& plan) {
  namespaces_.clear();
  for (size_t i = 0; i < handles.size(); i += 2) {
    const uint64_t handle =
        static_cast<uint32_t>(handles[i]) | static_cast<uint64_t>(static_cast<uint32_t>(handles[i + 1])) << 32;
    const size_t next = plan.namespaces.size();
    if (handle == 0) {  // to be created
      plan.namespaces.emplace_back();
      namespaces_.push_back(next);
      continue;
    }
    const auto [known, is_new] = known_.try_emplace(handle, next);
    namespaces_.push_back(known->second);
    if (!is_new) continue;
    NamespacePointer netns = find_(handle);
    if (!netns) return Status::closed_handle;
    plan.namespaces.push_back(std::move(netns));
  }
  return Status::sound;
}

template <class Each>
bool PlanReader::read_list(size_t width, Each each) {
  if (!has(1)) return false;
  const size_t count = size();
  if (count > (words_.size() - at_) / width) return false;
  for (size_t i = 0; i < count; ++i)
    each();
  return true;
}

bool PlanReader::read_part(std::span<uint8_t>& bytes) {
  if (!has(2)) return false;
  const size_t offset = size();
  const size_t length = size();
  if (offset > bytes_.size() || length > bytes_.size() - offset) return false;
  bytes = bytes_.subspan(offset, length);
  return true;
}

bool PlanReader::read_recipe(Plan& plan) {
  if (!has(layout::plan_size::recipe)) return false;
  UndoRecipe& recipe = plan.recipes.emplace_back();
  recipe.mode = word() == layout::recipe_mode::settings ? UndoRecipe::Mode::settings : UndoRecipe::Mode::object;
  recipe.header_size = size();
  recipe.absent_is_any = word() != 0;
  recipe.only_what_is_there = word() != 0;
  recipe.make.type = static_cast<uint16_t>(word());
  recipe.make.command = word();
  recipe.make_flags = static_cast<uint16_t>(word());
  recipe.remove.type = static_cast<uint16_t>(word());
  recipe.remove.command = word();
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
    RemainingTime& expiry = recipe.expiry.emplace();
    expiry.reported = number();
    expiry.at = size();
    expiry.ticks_per_second = static_cast<uint32_t>(word());
    expiry.accepted = number();
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

bool PlanReader::read_operation(Plan& plan) {
  if (!has(1)) return false;
  Operation operation{};
  operation.first_step = plan.steps.size();
  const int32_t steps = word();
  if (steps != layout::creation_mark::creation) {
    if (steps < 0) return false;
    operation.steps = static_cast<uint32_t>(steps);
    operation.first_forgiven = plan.tolerated.size();
    if (!read_list(1, [&] { plan.tolerated.push_back(word()); })) return false;
    operation.forgiven = plan.tolerated.size() - operation.first_forgiven;
    plan.operations.push_back(std::move(operation));
    for (int32_t i = 0; i < steps; ++i) {
      if (!read_step(plan)) return false;
    }
    return true;
  }
  if (!has(layout::plan_size::creation - 1)) return false;
  operation.creation = std::make_unique<Creation>();
  Creation& creation = *operation.creation;
  creation.netns = netns();
  const int32_t name = word();
  if (name >= 0) {
    if (static_cast<size_t>(name) >= names_.size()) return false;
    creation.path = names_[static_cast<size_t>(name)];
  }
  const int32_t traits = word();
  creation.ephemeral = (traits & layout::creation_trait::ephemeral) != 0;
  creation.rootless = (traits & layout::creation_trait::rootless) != 0;
  plan.operations.push_back(std::move(operation));
  return true;
}

bool PlanReader::read_step(Plan& plan) {
  if (!has(layout::plan_size::step)) return false;
  Step step{};
  step.netns = netns();
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
  if (recipe >= 0) step.recipe = static_cast<uint32_t>(recipes_ + static_cast<size_t>(recipe));
  if (!read_part(step.bytes) || !read_part(step.lookup)) return false;
  step.tolerated = size();
  step.relocations = size();
  const size_t rest = words_.size() - at_;
  if (step.tolerated > rest || step.relocations > (rest - step.tolerated) / layout::plan_size::relocation) return false;
  step.first_tolerated = plan.tolerated.size();
  for (size_t i = 0; i < step.tolerated; ++i)
    plan.tolerated.push_back(word());
  step.first_relocation = plan.relocations.size();
  for (size_t i = 0; i < step.relocations; ++i) {
    const bool device = word() == layout::relocation::device_index;
    const size_t place = size();
    if (bytes_.size() < sizeof(uint32_t) || place > bytes_.size() - sizeof(uint32_t)) return false;
    const size_t where = netns();
    const size_t name = size();
    if (device && name >= names_.size()) return false;
    plan.relocations.push_back({device ? Relocation::What::device_index : Relocation::What::netns_descriptor,
                                bytes_before_ + place, where, static_cast<uint32_t>(names_before_ + name)});
  }
  if ((traits & layout::step_trait::flush) != 0) {
    Flush& flush = plan.flushes.emplace_back();
    flush.recipe = step.recipe.value_or(UINT32_MAX);
    flush.backwards = (traits & layout::step_trait::backwards) != 0;
    flush.first_only = (traits & layout::step_trait::first_only) != 0;
    step.recipe.reset();
    step.flush = static_cast<uint32_t>(plan.flushes.size() - 1);
    if (!read_pattern(flush.pattern)) return false;
  }
  step.first_side_effect = plan.side_effects.size();
  if ((traits & layout::step_trait::side_effects) != 0) {
    if (!has(1)) return false;
    for (size_t left = size(); left > 0; --left) {
      if (!read_side_effect(plan)) return false;
    }
    step.side_effects = plan.side_effects.size() - step.first_side_effect;
  }
  plan.steps.push_back(std::move(step));
  return true;
}

bool PlanReader::read_side_effect(Plan& plan) {
  if (!has(2)) return false;
  SideEffect effect{};
  effect.recipe = recipes_ + size();
  effect.remove_first = word() != 0;
  if (!read_part(effect.lookup) || !read_part(effect.model)) return false;
  if (!read_pattern(effect.pattern)) return false;
  plan.side_effects.push_back(std::move(effect));
  return true;
}

bool PlanReader::read_pattern(Pattern& pattern) {
  if (!has(1)) return false;
  for (size_t conditions = size(); conditions > 0; --conditions) {
    Condition& condition = pattern.emplace_back();
    if (!has(1)) return false;
    for (size_t tests = size(); tests > 0; --tests) {
      if (!read_test(condition.emplace_back())) return false;
    }
  }
  return true;
}

bool PlanReader::read_test(Test& test) {
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
  if (!read_part(value)) return false;
  test.value = value;
  return !test.place.empty();
}

}  // namespace netloom
