// Removes some objects of a dump, and no other, where the kernel removes the first object that has what a message
// names, and a message cannot name what an object lacks: rules.
#pragma once

#include <cstdint>
#include <vector>

#include "rollback/undo.h"

namespace netloom {

// First all `copies` are sent, then all `removals`. A copy is made of each object that stays and that the kernel would
// take for one that is removed; the kernel puts the copy behind the others, and a removal then takes the original. The
// objects that stay keep their order.
struct ExactRemoval {
  // Would make each object that is copied or removed. Who may not make one may not remove it, either; to be sent with
  // NLM_F_EXCL first, which changes nothing.
  std::vector<uint8_t> trials;
  std::vector<uint8_t> copies;
  std::vector<uint8_t> removals;
};

// `goes` tells of each object whether it is removed. Takes no more than n log n steps, whatever the objects are.
ExactRemoval exact_removal(const std::vector<Bytes>& objects, const std::vector<bool>& goes, const UndoRecipe& recipe);

}  // namespace netloom
