#include "plan.h"

namespace netloom {

std::optional<Plan> Plan::open(std::span<const int32_t> words, size_t most_bytes) {
  Plan plan;
  plan.words_ = words;
  if (!plan.has(3)) return std::nullopt;
  const size_t count = plan.size();
  plan.bytes_ = plan.size();
  const size_t namespaces = plan.size();
  if (count < 3 || count > words.size() || plan.bytes_ > most_bytes || namespaces > (count - 3) / 2)
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
  if (!has(4)) return false;
  script.rollback = word() != 0;
  script.stop_at_failure = word() != 0;
  const size_t recipes = size();
  const size_t operations = size();
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

bool Plan::read_recipe(Script& script) {
  if (!has(5)) return false;
  UndoRecipe& recipe = script.recipes.emplace_back();
  recipe.mode = word() == 0 ? UndoRecipe::Mode::settings : UndoRecipe::Mode::object;
  recipe.header_size = size();
  recipe.absent_is_any = word() != 0;
  recipe.make_type = static_cast<uint16_t>(word());
  recipe.remove_type = static_cast<uint16_t>(word());
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
  return read_list(2, pair_into(recipe.same_header)) && read_list(1, number_into(recipe.same)) &&
         read_list(2, pair_into(recipe.old_header)) && read_list(2, pair_into(recipe.masked)) &&
         read_list(1, number_into(recipe.dropped));
}

bool Plan::read_operation(Script& script) {
  if (!has(1)) return false;
  Operation operation{};
  operation.first_step = script.steps.size();
  const int32_t steps = word();
  if (steps >= 0) {
    operation.steps = static_cast<size_t>(steps);
    operation.first_forgiven = script.tolerated.size();
    if (!read_list(1, [&] { script.tolerated.push_back(word()); })) return false;
    operation.forgiven = script.tolerated.size() - operation.first_forgiven;
    script.operations.push_back(std::move(operation));
    for (int32_t i = 0; i < steps; ++i) {
      if (!read_step(script)) return false;
    }
    return true;
  }
  if (!has(3)) return false;
  Creation creation{size(), {}, false};
  const int32_t name = word();
  if (name >= 0) {
    if (static_cast<size_t>(name) >= script.names.size()) return false;
    creation.path = script.names[static_cast<size_t>(name)];
  }
  creation.ephemeral = word() != 0;
  operation.creation = std::move(creation);
  script.operations.push_back(std::move(operation));
  return true;
}

bool Plan::read_step(Script& script) {
  if (!has(12)) return false;
  Step step{};
  step.netns = size();
  step.protocol = word();
  const size_t ending = size();
  if (ending > static_cast<size_t>(Ending::last_ack)) return false;
  step.ending = static_cast<Ending>(ending);
  const int32_t traits = word();
  step.undo = (traits & 1) != 0;
  step.undivided = (traits & 2) != 0;
  step.lasting = (traits & 4) != 0;
  step.inverse = static_cast<uint16_t>(word());
  const int32_t recipe = word();
  if (recipe >= 0) step.recipe = static_cast<size_t>(recipe);
  const auto part = [&](std::span<uint8_t>& bytes) {
    const size_t offset = size();
    const size_t length = size();
    if (offset > script.bytes.size() || length > script.bytes.size() - offset) return false;
    bytes = std::span(script.bytes).subspan(offset, length);
    return true;
  };
  if (!part(step.bytes) || !part(step.lookup)) return false;
  step.tolerated = size();
  step.relocations = size();
  const size_t rest = words_.size() - at_;
  if (step.tolerated > rest || step.relocations > (rest - step.tolerated) / 4) return false;
  step.first_tolerated = script.tolerated.size();
  for (size_t i = 0; i < step.tolerated; ++i)
    script.tolerated.push_back(word());
  step.first_relocation = script.relocations.size();
  for (size_t i = 0; i < step.relocations; ++i) {
    const bool device = word() == 0;
    const size_t place = size();
    const size_t netns = size();
    const auto name = static_cast<uint32_t>(word());
    script.relocations.push_back(
        {device ? Relocation::What::device_index : Relocation::What::netns_descriptor, place, netns, name});
  }
  script.steps.push_back(std::move(step));
  return true;
}

}  // namespace netloom
