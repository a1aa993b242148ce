// Messages that undo a change, made from the change and from what the kernel had before it, without JavaScript. What
// differs from one kind of object to another stands in a recipe, which JavaScript gives.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "netlink/attributes.h"

namespace netloom {

// What the kernel answers where an object that is to be removed does not exist.
inline constexpr int kGone[] = {ENOENT, ESRCH, ENODEV, ENXIO, EADDRNOTAVAIL};

// Some bytes of a family's header.
struct Range {
  size_t at;
  size_t size;
};

// A word of a family's header, and the bits of it that are sent.
struct MaskedWord {
  size_t at;
  uint32_t mask;
};

// An attribute that is not sent where an object also has another one that says the same.
struct Instead {
  uint16_t there;
  uint16_t dropped;
};

// A byte in each item of a list, and the bits of it that are sent.
struct MaskedItems {
  uint16_t attribute;
  size_t at;
  uint8_t mask;
};

// The time that is left, which the kernel reports in one attribute and takes in another, in whole seconds.
struct RestOfTime {
  uint16_t told;
  size_t at;
  uint32_t ticks;  // in a second
  uint16_t taken;
};

// An attribute that is a set of bits (ETHTOOL_A_BITSET_): numbers of it, of its list, and of a bit's name and value.
struct BitSet {
  uint16_t attribute;
  uint16_t list;
  uint16_t name;
  uint16_t value;
};

// What a message is, in place of what another one was: 0 and -1 leave that as it is. Generic families tell their
// messages apart by the command, the first byte of their header.
struct Kind {
  uint16_t type = 0;
  int command = -1;
};

// How to find the object that a change is about in a dump, and how to restore it.
struct UndoRecipe {
  enum class Mode : uint8_t {
    settings,  // the change sets some settings of an object: they get their old values
    object,    // the change replaces or removes an object: it is made again
  };

  Mode mode = Mode::settings;
  size_t header_size = 0;            // of the family's own header
  std::vector<Range> same_header;    // where the object's header is as the change's
  std::vector<uint16_t> same;        // the attributes that are as the change's
  bool absent_is_any = false;        // one of them that the change lacks may be anything; else the object lacks it too
  std::vector<Range> old_header;     // settings: what is taken from the object's header, too
  bool only_what_is_there = false;   // settings: what the object lacks is not sent, else it was unset
  std::optional<BitSet> bits;        // settings: bits by their names
  std::vector<MaskedWord> masked;    // object: words of its header with bits that the kernel reports and does not take
  std::vector<uint16_t> dropped;     // attributes that only name an object, or that it reports and does not take
  std::vector<Instead> instead;      // object: attributes that say the same as another one
  std::vector<MaskedItems> items;    // object: as `masked`, in lists
  std::optional<RestOfTime> expiry;  // object: what it tells and takes differently
  Kind make;                         // object: the message that makes it
  uint16_t make_flags = 0;           // object: and how it relates to what is there (NLM_F_)
  Kind remove;                       // object: the message that removes it
  bool replaces = false;             // object: where nothing was, the change made it, and it is removed
  // object: those that are alike stay in their order, if the first byte of the header is this one; -1: none, 0: any.
  int ordered = -1;
  std::vector<Range> alike_header;
  std::vector<uint16_t> alike;
  // object: by what the kernel selects the one to remove, the first of those that are alike: what a message leaves out,
  // or gives as zero or as all ones, may be anything. Empty: by all that it is.
  std::vector<Range> selecting_header;
  std::vector<uint16_t> selecting;
};

// All arguments are whole messages, nlmsghdr first.

Bytes family_header_of(Bytes message, const UndoRecipe& recipe);
Bytes attributes_of(Bytes message, const UndoRecipe& recipe);
bool is_same_object(Bytes change, Bytes object, const UndoRecipe& recipe);
// The message that makes `object` again, or gives the settings that `change` sets their old values.
std::vector<uint8_t> restoring(Bytes change, Bytes object, const UndoRecipe& recipe);
// The change as a message of another kind, which undoes it: RTM_DELADDR removes what RTM_NEWADDR adds.
std::vector<uint8_t> inverse(Bytes change, Kind kind);
// Whether the order of two objects matters to the kernel.
bool are_ordered(Bytes a, Bytes b, const UndoRecipe& recipe);
// The message that removes an object.
std::vector<uint8_t> removing(Bytes object, const UndoRecipe& recipe);

}  // namespace netloom
