#include "rollback/pattern.h"

#include <algorithm>

namespace netloom {
namespace {

bool is_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

uint32_t word(Bytes bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}

// In a place, behind a list of items: marks the index of an item.
constexpr uint32_t kItemNumber = 1u << 31;

// Calls found(payload) for each attribute at a place, until a call returns true. Returns whether one did.
template <class Found>
bool any_at(Bytes attributes, std::span<const uint32_t> place, Found found) {
  const auto number = static_cast<uint16_t>(place.front());
  const size_t item_header = place.front() >> 16;
  bool any = false;
  for_each_attribute(attributes, [&](const Attribute& attribute) {
    if (attribute.number() != number) return true;
    if (place.size() == 1) {
      any = found(attribute.payload);
    } else if (item_header == 0) {
      any = any_at(attribute.payload, place.subspan(1), found);
    } else if ((place[1] & kItemNumber) != 0) {
      uint32_t before = place[1] & ~kItemNumber;
      for_each_item(attribute.payload, item_header, [&](Bytes item) {
        if (before-- != 0) return;
        any = place.size() == 2 ? found(item) : any_at(item.subspan(item_header), place.subspan(2), found);
      });
    } else {
      for_each_item(attribute.payload, item_header,
                    [&](Bytes item) { any = any || any_at(item.subspan(item_header), place.subspan(1), found); });
    }
    return !any;
  });
  return any;
}

bool holds_of_part(const Test& test, Bytes payload) {
  if (payload.size() < test.value.size() || test.at > payload.size() - test.value.size()) return false;
  const uint32_t found = word(payload.subspan(test.at, test.value.size()));
  const uint32_t wanted = word(test.value);
  return test.at_most ? found <= wanted : (found & test.mask) == (wanted & test.mask);
}

bool holds(const Test& test, Bytes header, Bytes attributes) {
  if (test.in_header) {
    const Bytes part = header.subspan(test.place.front(), test.value.size());
    return (word(part) & test.mask) == (word(test.value) & test.mask);
  }
  bool there = false;
  const bool equal = any_at(attributes, test.place, [&](Bytes payload) {
    there = true;
    if (test.part) return holds_of_part(test, payload);
    if (test.presence || std::equal(payload.begin(), payload.end(), test.value.begin(), test.value.end())) return true;
    return test.zero_is_absent && is_zero(payload) && is_zero(test.value);
  });
  return equal || (!there && test.zero_is_absent && is_zero(test.value));
}

}  // namespace

bool matches(Bytes object, size_t header_size, const Pattern& pattern) {
  const size_t begin = NLMSG_HDRLEN + NLMSG_ALIGN(header_size);
  if (object.size() < NLMSG_HDRLEN + header_size) return false;
  const Bytes header = object.subspan(NLMSG_HDRLEN, header_size);
  const Bytes attributes = object.subspan(std::min<size_t>(object.size(), begin));
  return std::all_of(pattern.begin(), pattern.end(), [&](const Condition& condition) {
    return std::any_of(condition.begin(), condition.end(),
                       [&](const Test& test) { return holds(test, header, attributes) != test.negated; });
  });
}

}  // namespace netloom
