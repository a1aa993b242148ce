#include "undo.h"

#include <algorithm>

namespace netloom {
namespace {

bool equal(Bytes a, Bytes b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

Bytes header_of(Bytes message, const UndoRecipe& recipe) {
  return message.subspan(NLMSG_HDRLEN, recipe.header_size);
}

Bytes attributes_of(Bytes message, const UndoRecipe& recipe) {
  return message.subspan(std::min<size_t>(message.size(), NLMSG_HDRLEN + NLMSG_ALIGN(recipe.header_size)));
}

// The attributes of `ours` with the payloads of `old`. One that the old object lacks was unset: zero for a number,
// nothing for anything else.
void add_old(MessageBuilder& message, Bytes ours, Bytes old) {
  for_each_attribute(ours, [&](const Attribute& attribute) {
    Attribute before;
    const bool there = find_attribute(old, attribute.number(), before);
    if (attribute.nested()) {
      const size_t at = message.begin(attribute.type);
      add_old(message, attribute.payload, there ? before.payload : Bytes{});
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
  MessageBuilder message(header.nlmsg_type, 0, header_of(change, recipe));
  for (const Range& range : recipe.old_header) {
    std::memcpy(message.family_header() + range.at, header_of(object, recipe).data() + range.at, range.size);
  }
  add_old(message, attributes_of(change, recipe), attributes_of(object, recipe));
  return message.finish();
}

std::vector<uint8_t> same_object_again(Bytes object, const UndoRecipe& recipe) {
  MessageBuilder message(recipe.make_type, NLM_F_CREATE | NLM_F_REPLACE, header_of(object, recipe));
  for (const MaskedWord& word : recipe.masked) {
    uint32_t value;
    std::memcpy(&value, message.family_header() + word.at, sizeof value);
    value &= word.mask;
    std::memcpy(message.family_header() + word.at, &value, sizeof value);
  }
  for_each_attribute(attributes_of(object, recipe), [&](const Attribute& attribute) {
    const bool dropped =
        std::find(recipe.dropped.begin(), recipe.dropped.end(), attribute.number()) != recipe.dropped.end();
    if (!dropped) message.add(attribute.type, attribute.payload);
    return true;
  });
  return message.finish();
}

}  // namespace

bool is_same_object(Bytes change, Bytes object, const UndoRecipe& recipe) {
  const size_t least = NLMSG_HDRLEN + recipe.header_size;
  if (change.size() < least || object.size() < least) return false;
  for (const Range& range : recipe.same_header) {
    const auto part = [&](Bytes message) { return header_of(message, recipe).subspan(range.at, range.size); };
    if (!equal(part(change), part(object))) return false;
  }
  return std::all_of(recipe.same.begin(), recipe.same.end(), [&](uint16_t number) {
    Attribute wanted;
    Attribute found;
    const bool given = find_attribute(attributes_of(change, recipe), number, wanted);
    if (!given && recipe.absent_is_any) return true;
    const bool there = find_attribute(attributes_of(object, recipe), number, found);
    return given == there && (!given || equal(wanted.payload, found.payload));
  });
}

std::vector<uint8_t> restoring(Bytes change, Bytes object, const UndoRecipe& recipe) {
  const bool settings = recipe.mode == UndoRecipe::Mode::settings;
  return settings ? old_settings(change, object, recipe) : same_object_again(object, recipe);
}

std::vector<uint8_t> inverse(Bytes change, uint16_t type) {
  std::vector<uint8_t> message(change.begin(), change.end());
  auto* header = reinterpret_cast<nlmsghdr*>(message.data());
  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST;
  return message;
}

}  // namespace netloom
