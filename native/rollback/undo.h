// Makes the messages that undo a change, from the change and from the objects before it, without JavaScript. What
// differs between kinds of objects is in a recipe, which JavaScript makes (lib/netlink/rollback/recipe.ts).
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "netlink/attributes.h"

namespace netloom {

// The errnos with which the kernel refuses to remove an object that does not exist.
inline constexpr int kGone[] = {ENOENT, ESRCH, ENODEV, ENXIO, EADDRNOTAVAIL};

// Some bytes of a family's header.
struct Range {
  size_t at;
  size_t size;
};

// A 32-bit word of a family's header, and the bits of it that are sent.
struct MaskedWord {
  size_t at;
  uint32_t mask;
};

// An attribute, `dropped`, that is not sent where the object also has `there`, which has the same content.
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

// A remaining time that the kernel reports in one attribute, in ticks, and accepts in another, in whole seconds.
struct RemainingTime {
  uint16_t reported;
  size_t at;
  uint32_t ticks_per_second;
  uint16_t accepted;
};

// A bit set of ethtool (ETHTOOL_A_BITSET_): the types of its attribute, of its list, of a bit's name and of a bit's
// value.
struct BitSet {
  uint16_t attribute;
  uint16_t list;
  uint16_t name;
  uint16_t value;
};

// The type and the command of a message that is made from another one; 0 and -1 keep those of the other. The command is
// that of generic netlink, the first byte of the family's header.
struct Kind {
  uint16_t type = 0;
  int command = -1;
};

// How to find the object that a change is about in a dump, and how to restore it.
struct UndoRecipe {
  enum class Mode : uint8_t {
    settings,  // the change sets some settings of an object: restored by setting their old values
    object,    // the change creates, replaces or removes an object: restored by making it again or removing it
  };

  Mode mode = Mode::settings;
  size_t header_size = 0;           // of the family's own header
  std::vector<Range> same_header;   // the object's header equals the change's in these ranges
  std::vector<uint16_t> same;       // the object's attributes of these types equal the change's
  bool absent_is_any = false;       // of `same`: one that the change lacks is not compared; else the object lacks it
  std::vector<Range> old_header;    // settings: ranges that are copied from the object's header
  bool only_what_is_there = false;  // settings: an attribute that the object lacks is not sent; else sent as unset
  std::optional<BitSet> bits;       // settings: the attribute whose bits are set by their names
  std::vector<MaskedWord> masked;   // object: words of the header with bits that the kernel reports but refuses
  std::vector<uint16_t> dropped;    // attributes that only identify an object, or are reported but refused
  std::vector<Instead> instead;     // object: attributes with the same content as another one
  std::vector<MaskedItems> items;   // object: as `masked`, in lists
  std::optional<RemainingTime> expiry;  // object: a time that is reported and accepted in different attributes
  Kind make;                            // object: the message that makes it
  uint16_t make_flags = 0;              // object: NLM_F_ flags of that message
  Kind remove;                          // object: the message that removes it
  bool replaces = false;                // object: if none was there before, the change has made it: it is removed
  // object: the order of objects that are alike matters, if the first byte of the header is this one; -1: never, 0:
  // whatever that byte is.
  int ordered = -1;
  std::vector<Range> alike_header;
  std::vector<uint16_t> alike;
  // object: the fields by which the kernel selects the one to remove, the first that matches; it does not select by a
  // field that the message leaves out, or gives as zero or as all ones. Empty: it compares the whole object.
  std::vector<Range> selecting_header;
  std::vector<uint16_t> selecting;
};

// All arguments are whole messages, nlmsghdr first.

Bytes family_header_of(Bytes message, const UndoRecipe& recipe);
Bytes attributes_of(Bytes message, const UndoRecipe& recipe);
bool is_same_object(Bytes change, Bytes object, const UndoRecipe& recipe);
// The message that makes `object` again, or that sets the settings in `change` to their old values.
std::vector<uint8_t> restoring(Bytes change, Bytes object, const UndoRecipe& recipe);
// The change with another type or command, which undoes it: RTM_DELADDR removes what RTM_NEWADDR adds.
std::vector<uint8_t> inverse(Bytes change, Kind kind);
// Whether the order of two objects matters to the kernel.
bool are_ordered(Bytes a, Bytes b, const UndoRecipe& recipe);
// The message that removes an object.
std::vector<uint8_t> removing(Bytes object, const UndoRecipe& recipe);

}  // namespace netloom
