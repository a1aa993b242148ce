// Reads the plan of a transaction from the numbers, bytes and names that JavaScript writes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "transactions/plan.h"

namespace netloom {

// A plan has one section or several, one behind the other: words, bytes and names of a section follow those of the
// section before, and its offsets and indices count from where they begin. The numbers have 32 bits; their offsets,
// sizes and flags are those of layout.h, and lib/netlink/plan.ts writes them. In each section stand: the head (how many
// words, bytes and names it has, how many namespaces; whether to roll back, whether to stop at a failure; how many
// recipes and operations; how many sections there are); the recipes; the operations; for each namespace the low and the
// high half of its handle, 0 for one that is to be created.
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
  enum class Status : uint8_t { sound, malformed, closed_handle };
  // The namespace of a handle; null if there is none.
  using Find = std::function<NamespacePointer(uint64_t handle)>;

  // Fills in a plan that has its bytes and names.
  static Status read(std::span<const int32_t> words, const Find& find, Plan& plan);
  // How many bytes the plan has that begins with these words; nullopt if the words claim more of them than there are.
  static std::optional<size_t> bytes_of(std::span<const int32_t> words);

 private:
  // The words of the section that `words` begin with; nullopt if they claim more than there are.
  static std::optional<std::span<const int32_t>> section(std::span<const int32_t> words);
  static size_t head(std::span<const int32_t> section, int32_t place) {
    return static_cast<uint32_t>(section[static_cast<size_t>(place)]);
  }

  Status read_section(std::span<const int32_t> section, Plan& plan);
  Status read_namespaces(std::span<const int32_t> handles, Plan& plan);
  bool read_recipe(Plan& plan);
  bool read_operation(Plan& plan);
  bool read_step(Plan& plan);
  bool read_side_effect(Plan& plan);
  bool read_pattern(Pattern& pattern);
  bool read_test(Test& test);
  bool read_part(std::span<uint8_t>& bytes);
  template <class Each>
  bool read_list(size_t width, Each each);
  bool has(size_t words) const { return words_.size() - at_ >= words; }
  int32_t word() { return words_[at_++]; }
  size_t size() { return static_cast<uint32_t>(word()); }

  size_t netns() {
    const size_t place = size();
    return place < namespaces_.size() ? namespaces_[place] : SIZE_MAX;
  }

  explicit PlanReader(const Find& find) : find_(find) {}

  const Find& find_;
  std::unordered_map<uint64_t, size_t> known_;  // handles, and the places of their namespaces in the plan
  // Of the section that is read.
  std::span<const int32_t> words_;
  size_t at_ = 0;
  std::span<uint8_t> bytes_;
  std::span<const std::string> names_;
  std::vector<size_t> namespaces_;  // their places in the plan
  size_t recipes_ = 0;              // how many the sections before have
  // How many bytes and names the sections before have.
  size_t bytes_before_ = 0;
  size_t names_before_ = 0;
};

}  // namespace netloom
