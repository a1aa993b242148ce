// Which objects of a dump are meant, by their bytes. What is compared with what, JavaScript says.
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
  bool presence = false;        // whether the attribute is there, whatever it is
  bool part = false;            // of the attribute: a number in its payload, at this offset
  bool at_most = false;         // and it is no greater
  uint32_t at = 0;
  uint32_t mask = ~0u;  // of a number, in the header or in the payload: the bits that count
  // In the header: the offset. Else the numbers of attributes, the outermost first; in the upper half of one whose
  // payload is a list of items, each with its length in front: the size of an item's header. Behind such a one there
  // may be the number of the item that is meant, with the highest bit set; else any is.
  std::vector<uint32_t> place;
  Bytes value;
};

// Of each condition one test holds.
using Condition = std::vector<Test>;
using Pattern = std::vector<Condition>;

// `object` is a whole message, nlmsghdr first.
bool matches(Bytes object, size_t header_size, const Pattern& pattern);

}  // namespace netloom
