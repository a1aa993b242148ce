// Messages that take a change back, made of the change and of what the kernel had before: whatever becomes of
// JavaScript meanwhile. What differs from one kind of object to another stands in a recipe, which JavaScript gives.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "attributes.h"

namespace netloom {

// Some bytes of a family's header.
struct Range {
  size_t at;
  size_t size;
};

// A word of a family's header of which some bits are kept.
struct MaskedWord {
  size_t at;
  uint32_t mask;
};

// How to find the object that a change is about among those that were there, and how to bring it back.
struct UndoRecipe {
  enum class Mode : uint8_t {
    settings,  // the change names some settings of an object: those get their old values
    object,    // the change replaces or removes an object: it is made again
  };

  Mode mode = Mode::settings;
  size_t header_size = 0;          // of the family's own header
  std::vector<Range> same_header;  // where the object's header is as the change's
  std::vector<uint16_t> same;      // the attributes that are as the change's
  bool absent_is_any = false;      // one of them that the change lacks may be anything; else the object lacks it too
  std::vector<Range> old_header;   // settings: what is taken from the object's header, too
  std::vector<MaskedWord> masked;  // object: words of its header with bits that the kernel reports and does not take
  std::vector<uint16_t> dropped;   // object: attributes that it reports and does not take
  uint16_t make_type = 0;          // object: the message that makes it
  uint16_t remove_type = 0;        // object: the message that removes what is there where nothing was; 0: none
};

// Both are whole messages, nlmsghdr first.
bool is_same_object(Bytes change, Bytes object, const UndoRecipe& recipe);
// The message that brings `object` back, or the settings of it that `change` changed.
std::vector<uint8_t> restoring(Bytes change, Bytes object, const UndoRecipe& recipe);
// The change as a message of another type, which takes it back: what RTM_NEWADDR adds, RTM_DELADDR removes.
std::vector<uint8_t> inverse(Bytes change, uint16_t type);

}  // namespace netloom
