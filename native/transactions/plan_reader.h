// Reads the plan of a transaction from the numbers, bytes and names that JavaScript writes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "transactions/plan.h"

namespace netloom {

// The numbers have 32 bits and stand in this order; their offsets, sizes and flags are those of layout.h, and
// lib/netlink/plan.ts writes them: the head (how many numbers and bytes there are, how many namespaces; whether to roll
// back, whether to stop at a failure; how many recipes and operations); the recipes; the operations; for each namespace
// the low and the high half of its handle, 0 for one that is to be created.
//
// A recipe: mode, size of the header, whether an absent attribute matches any, whether only existing settings are sent,
// type and flags of the message that makes, type of the one that removes, whether it replaces, the family whose order
// is kept or -1. Then lists, each after its length: ranges of the header that are the same, attributes that are the
// same, ranges of the old header, offsets and masks of words, dropped attributes, pairs of an attribute and the one
// that stands in for it, attributes with offsets and masks in their items, at most one expiry (attribute, offset, ticks
// a second, attribute that sets it), ranges that are alike, attributes that are alike, ranges and attributes by which
// the kernel selects what it removes, at most one bit set (the attribute, its list, a bit's name, a bit's value).
//
// An operation: number of steps, the list of forgiven errnos, the steps. Or instead: the mark of a creation, the
// namespace, the index of its path in the names or -1, flags.
//
// A step: namespace, protocol, ending, flags, inverse, recipe or -1, offset and length of its bytes, offset and length
// of its lookup, number of tolerated errnos, number of relocations, these two lists; the pattern of its flush; the list
// of its side effects. A relocation: what, offset, namespace, name. A side effect: recipe, whether to remove first,
// offset and length of its lookup, offset and length of its model, pattern.
//
// A pattern: a list of conditions, each a list of tests. A test: flags, mask, offset in the payload, the path of
// attribute numbers as a list, offset and length of the value.
class PlanReader {
 public:
  // The plan lies at the beginning of `words`, its bytes at the beginning of `most_bytes`; nullopt if it claims more.
  static std::optional<PlanReader> open(std::span<const int32_t> words, size_t most_bytes);

  size_t namespaces() const { return handles_.size() / 2; }
  uint64_t handle(size_t netns) const;
  size_t bytes() const { return bytes_; }
  // Fills in the rest of a plan that has its namespaces, bytes and names; false if the numbers are malformed.
  bool read(Plan& plan);

 private:
  bool read_recipe(Plan& plan);
  bool read_operation(Plan& plan);
  bool read_step(Plan& plan);
  bool read_side_effect(Plan& plan);
  bool read_pattern(Plan& plan, Pattern& pattern);
  bool read_test(Plan& plan, Test& test);
  bool read_part(Plan& plan, std::span<uint8_t>& bytes);
  template <class Each>
  bool read_list(size_t width, Each each);
  bool has(size_t words) const { return words_.size() - at_ >= words; }
  int32_t word() { return words_[at_++]; }
  size_t size() { return static_cast<uint32_t>(word()); }

  PlanReader() = default;

  std::span<const int32_t> words_;
  std::span<const int32_t> handles_;
  size_t bytes_ = 0;
  size_t at_ = 0;
};

}  // namespace netloom
