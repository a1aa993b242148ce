#include "rollback/undo.h"

#include <algorithm>

namespace netloom {
namespace {

bool equal(Bytes a, Bytes b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

bool contains(const std::vector<uint16_t>& numbers, uint16_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

bool is_set(Bytes bits, Bytes name, const BitSet& set) {
  bool found = false;
  for_each_attribute(bits, [&](const Attribute& bit) {
    Attribute its;
    found = find_attribute(bit.payload, set.name, its) && equal(its.payload, name);
    return !found;
  });
  return found;
}

// Adds the bits that `ours` names with their old values; `old` lists those that were set.
void add_old_bits(MessageBuilder& message, Bytes ours, Bytes old, const BitSet& set) {
  Attribute list;
  const Bytes were_set = find_attribute(old, set.list, list) ? list.payload : Bytes{};
  for_each_attribute(ours, [&](const Attribute& attribute) {
    const size_t at = message.begin(attribute.type);
    for_each_attribute(attribute.payload, [&](const Attribute& bit) {
      Attribute name;
      if (!find_attribute(bit.payload, set.name, name)) return true;
      const size_t begin = message.begin(bit.type);
      message.add(name.type, name.payload);
      if (is_set(were_set, name.payload, set)) message.add(set.value, {});
      message.end(begin);
      return true;
    });
    message.end(at);
    return true;
  });
}

// Adds the attributes of `ours` with the payloads of `old`. One that `old` lacks was unset: it is sent as zero where
// its size is that of an integer, else empty. The recipe's types are those of the outermost attributes (`top`).
void add_old(MessageBuilder& message, Bytes ours, Bytes old, const UndoRecipe& recipe, bool top) {
  for_each_attribute(ours, [&](const Attribute& attribute) {
    if (top && contains(recipe.dropped, attribute.number())) return true;
    Attribute before;
    const bool there = find_attribute(old, attribute.number(), before);
    if (!there && recipe.only_what_is_there) return true;
    if (top && recipe.bits && recipe.bits->attribute == attribute.number()) {
      const size_t at = message.begin(attribute.type);
      add_old_bits(message, attribute.payload, there ? before.payload : Bytes{}, *recipe.bits);
      message.end(at);
    } else if (attribute.nested()) {
      const size_t at = message.begin(attribute.type);
      add_old(message, attribute.payload, there ? before.payload : Bytes{}, recipe, false);
      message.end(at);
    } else if (there) {
      message.add(attribute.type, before.payload);
    } else {
      static constexpr uint8_t kZeros[8] = {};
      const size_t size = attribute.payload.size();
      message.add(attribute.type, Bytes(kZeros, size == 1 || size == 2 || size == 4 || size == 8 ? size : 0));
    }
    return true;
  });
}

std::vector<uint8_t> old_settings(Bytes change, Bytes object, const UndoRecipe& recipe) {
  nlmsghdr header;
  std::memcpy(&header, change.data(), sizeof header);
  MessageBuilder message(header.nlmsg_type, 0, family_header_of(change, recipe));
  for (const Range& range : recipe.old_header) {
    std::memcpy(message.family_header() + range.at, family_header_of(object, recipe).data() + range.at, range.size);
  }
  add_old(message, attributes_of(change, recipe), attributes_of(object, recipe), recipe, true);
  return message.finish();
}

bool is_dropped(const Attribute& attribute, Bytes all, const UndoRecipe& recipe) {
  const uint16_t number = attribute.number();
  Attribute other;
  return contains(recipe.dropped, number) ||
         std::any_of(recipe.instead.begin(), recipe.instead.end(), [&](const Instead& instead) {
           return instead.dropped == number && find_attribute(all, instead.there, other);
         });
}

void add_rest(MessageBuilder& message, Bytes all, const RemainingTime& rest) {
  Attribute told;
  int32_t ticks = 0;
  if (!find_attribute(all, rest.reported, told) || told.payload.size() < rest.at + sizeof ticks) return;
  std::memcpy(&ticks, told.payload.data() + rest.at, sizeof ticks);
  if (ticks == 0) return;  // it does not expire
  const uint32_t seconds = std::max<uint32_t>(1, static_cast<uint32_t>(std::max(0, ticks)) / rest.ticks_per_second);
  message.add(rest.accepted, Bytes(reinterpret_cast<const uint8_t*>(&seconds), sizeof seconds));
}

// The object as a message of another type or command, without what the kernel reports but refuses.
std::vector<uint8_t> object_as(Bytes object, Kind kind, uint16_t flags, const UndoRecipe& recipe) {
  nlmsghdr header;
  std::memcpy(&header, object.data(), sizeof header);
  const uint16_t type = kind.type == 0 ? header.nlmsg_type : kind.type;
  MessageBuilder message(type, flags, family_header_of(object, recipe));
  if (kind.command >= 0 && recipe.header_size > 0) *message.family_header() = static_cast<uint8_t>(kind.command);
  for (const MaskedWord& word : recipe.masked) {
    uint32_t value;
    std::memcpy(&value, message.family_header() + word.at, sizeof value);
    value &= word.mask;
    std::memcpy(message.family_header() + word.at, &value, sizeof value);
  }
  const Bytes all = attributes_of(object, recipe);
  for_each_attribute(all, [&](const Attribute& attribute) {
    if (is_dropped(attribute, all, recipe)) return true;
    const size_t at = message.add(attribute.type, attribute.payload) + NLA_HDRLEN;
    for (const MaskedItems& items : recipe.items) {
      if (items.attribute != attribute.number()) continue;
      const std::span<uint8_t> copy = message.since(at).first(attribute.payload.size());
      for_each_item(copy, items.at + 1,
                    [&](Bytes item) { copy[static_cast<size_t>(item.data() - copy.data()) + items.at] &= items.mask; });
    }
    return true;
  });
  if (recipe.expiry && type == recipe.make.type) add_rest(message, all, *recipe.expiry);
  return message.finish();
}

bool have_same(Bytes a, Bytes b, const std::vector<Range>& ranges, const UndoRecipe& recipe) {
  return std::all_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    const auto part = [&](Bytes message) { return family_header_of(message, recipe).subspan(range.at, range.size); };
    return equal(part(a), part(b));
  });
}

}  // namespace

Bytes family_header_of(Bytes message, const UndoRecipe& recipe) {
  return message.subspan(NLMSG_HDRLEN, recipe.header_size);
}

Bytes attributes_of(Bytes message, const UndoRecipe& recipe) {
  return message.subspan(std::min<size_t>(message.size(), NLMSG_HDRLEN + NLMSG_ALIGN(recipe.header_size)));
}

bool is_same_object(Bytes change, Bytes object, const UndoRecipe& recipe) {
  const size_t least = NLMSG_HDRLEN + recipe.header_size;
  if (change.size() < least || object.size() < least) return false;
  if (!have_same(change, object, recipe.same_header, recipe)) return false;
  return std::all_of(recipe.same.begin(), recipe.same.end(), [&](uint16_t number) {
    Attribute wanted;
    Attribute found;
    const bool given = find_attribute(attributes_of(change, recipe), number, wanted);
    if (!given && recipe.absent_is_any) return true;
    const bool there = find_attribute(attributes_of(object, recipe), number, found);
    return given == there && (!given || equal(wanted.payload, found.payload));
  });
}

bool are_ordered(Bytes a, Bytes b, const UndoRecipe& recipe) {
  if (recipe.ordered < 0 || (recipe.ordered > 0 && family_header_of(a, recipe).front() != recipe.ordered)) return false;
  return have_same(a, b, recipe.alike_header, recipe) &&
         std::all_of(recipe.alike.begin(), recipe.alike.end(), [&](uint16_t number) {
           Attribute one;
           Attribute other;
           const bool there = find_attribute(attributes_of(a, recipe), number, one);
           return there == find_attribute(attributes_of(b, recipe), number, other) && equal(one.payload, other.payload);
         });
}

std::vector<uint8_t> restoring(Bytes change, Bytes object, const UndoRecipe& recipe) {
  const bool settings = recipe.mode == UndoRecipe::Mode::settings;
  return settings ? old_settings(change, object, recipe) : object_as(object, recipe.make, recipe.make_flags, recipe);
}

std::vector<uint8_t> inverse(Bytes change, Kind kind) {
  std::vector<uint8_t> message(change.begin(), change.end());
  auto* header = reinterpret_cast<nlmsghdr*>(message.data());
  if (kind.type != 0) header->nlmsg_type = kind.type;
  if (kind.command >= 0 && message.size() > NLMSG_HDRLEN) message[NLMSG_HDRLEN] = static_cast<uint8_t>(kind.command);
  header->nlmsg_flags = NLM_F_REQUEST;
  return message;
}

std::vector<uint8_t> removing(Bytes object, const UndoRecipe& recipe) {
  return object_as(object, recipe.remove, 0, recipe);
}

}  // namespace netloom
