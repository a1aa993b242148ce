// Patterns that select objects of a dump by their bytes. JavaScript makes them (lib/netlink/rollback/pattern.ts).
#pragma once

#include <cstdint>
#include <vector>

#include "netlink/attributes.h"

namespace netloom {

// A comparison with some bytes of an object: of its family's header, or the payload of an attribute.
struct Test {
  bool in_header = false;
  bool negated = false;
  bool zero_is_absent = false;  // the kernel leaves the attribute out where it is zero
  bool presence = false;        // the attribute exists, whatever its payload
  bool part = false;            // compares a number in the payload, at offset `at`
  bool at_most = false;         // that number is no greater than `value`, instead of equal
  uint32_t at = 0;
  uint32_t mask = ~0u;  // the bits that are compared, of a number in the header or in the payload
  // In the header: the offset. Else the types of the nested attributes, the outermost first. Where a payload is a list
  // of items, each of which begins with its length, the upper 16 bits are the size of an item's header; the next entry
  // may be the index of an item, with the highest bit set, else any item may match.
  std::vector<uint32_t> place;
  Bytes value;
};

// A condition holds if one of its tests does; a pattern matches if all its conditions hold.
using Condition = std::vector<Test>;
using Pattern = std::vector<Condition>;

// `object` is a whole message, nlmsghdr first.
bool matches(Bytes object, size_t header_size, const Pattern& pattern);

}  // namespace netloom
