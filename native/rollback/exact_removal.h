// Removes exactly the chosen objects of a dump. Needed for rules: the kernel removes the first one that matches what
// the RTM_DELRULE message selects by, and a message cannot require that an attribute be absent.
#pragma once

#include <cstdint>
#include <vector>

#include "rollback/undo.h"

namespace netloom {

// First all `copies` are sent, then all `removals`. A copy is made of each object that stays and that the kernel would
// remove in place of another; the kernel puts the copy behind the others, and a removal then removes the original. The
// objects that stay keep their order.
struct ExactRemoval {
  // Creates each object that is copied or removed. To be sent first, with NLM_F_EXCL, which changes nothing: a caller
  // who lacks the right to create an object lacks the right to remove it, too.
  std::vector<uint8_t> trials;
  std::vector<uint8_t> copies;
  std::vector<uint8_t> removals;
};

// `goes`: for each object, whether it is removed. Takes no more than n log n steps, whatever the objects are.
ExactRemoval exact_removal(const std::vector<Bytes>& objects, const std::vector<bool>& goes, const UndoRecipe& recipe);

}  // namespace netloom
