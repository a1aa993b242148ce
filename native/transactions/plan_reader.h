// What JavaScript hands over for a transaction: numbers, bytes and names, made into a script.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "transactions/transaction.h"

namespace netloom {

// The numbers, whose places, sizes and traits are those of layout.h: the head (how many there are, how many bytes
// belong to them, how many namespaces; whether to roll back, whether to stop at a failure; how many recipes and
// operations); the recipes and operations; then the namespaces, each the low and the high half of its handle, 0 for one
// that is to be created. lib/netlink/plan.ts writes them.
//
// A recipe: mode, size of the header, whether absent is any, whether only what is there is sent, make type and flags,
// remove type, whether it replaces, of which kind the order is kept or -1; then lists, each behind its length: places
// and sizes that are the same, attributes that are the same, places and sizes of the old header, places and masks of
// words, attributes that are dropped, attributes and those that they stand for, attributes with places and masks in
// their items, at most one rest of time (told, place, ticks, taken), places and sizes that are alike, attributes that
// are alike; places and sizes, and attributes, by which the kernel selects what it removes; at most one set of bits
// (the attribute; in it its bits; in each its name and its value).
//
// An operation: how many steps, the list of forgiven errnos, the steps; or the mark of a creation, the namespace, the
// name of its path or -1, traits. A step: namespace, protocol, ending, traits, inverse, recipe or -1, offset and length
// of its bytes, offset and length of its lookup, how many tolerated errnos and relocations, and these; the pattern of a
// sweep; the list of what goes along. A relocation: what, place, namespace, name. Something that goes along: recipe,
// whether anew, offset and length of its lookup, the same of its model, the pattern.
//
// A pattern is a list of conditions, each a list of tests: traits, mask, offset of the part, the list that is the
// place, offset and length of the value.
class Plan {
 public:
  // A plan lies at the beginning of `words`, and its bytes at the beginning of so many; nothing if it claims more.
  static std::optional<Plan> open(std::span<const int32_t> words, size_t most_bytes);

  size_t namespaces() const { return handles_.size() / 2; }
  uint64_t handle(size_t netns) const;
  size_t bytes() const { return bytes_; }
  // Fills in what is missing of a script that has its namespaces, bytes and names; false if the numbers make no sense.
  bool read(Script& script);

 private:
  bool read_recipe(Script& script);
  bool read_operation(Script& script);
  bool read_step(Script& script);
  bool read_along(Script& script);
  bool read_pattern(Script& script, Pattern& pattern);
  bool read_test(Script& script, Test& test);
  bool read_part(Script& script, std::span<uint8_t>& bytes);
  template <class Each>
  bool read_list(size_t width, Each each);
  bool has(size_t words) const { return words_.size() - at_ >= words; }
  int32_t word() { return words_[at_++]; }
  size_t size() { return static_cast<uint32_t>(word()); }

  Plan() = default;

  std::span<const int32_t> words_;
  std::span<const int32_t> handles_;
  size_t bytes_ = 0;
  size_t at_ = 0;
};

}  // namespace netloom
