// The messages that restore objects, in their order.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "rollback/undo.h"

namespace netloom {

// Takes the objects of a dump in its order. The kernel puts what is made behind the objects that have the same rank in
// the order, so objects that stay and were behind a removed one have to be made after it.
class RestoreMessages {
 public:
  // What the messages do with an object that stays behind a removed one.
  enum class Keeping : uint8_t {
    remake,  // remove it and make it again
    note,    // make it: who sends the messages removes it before, where that is necessary
  };
  explicit RestoreMessages(const UndoRecipe& recipe, Keeping keeping = Keeping::remake)
      : recipe_(recipe), keeping_(keeping) {}

  // An object that is removed, or whose settings `change` changes.
  void removed(Bytes object, Bytes change = {});
  // An object that stays as it is.
  void kept(Bytes object);
  std::vector<uint8_t> take() { return std::move(messages_); }

 private:
  const UndoRecipe& recipe_;
  Keeping keeping_;
  std::vector<uint8_t> messages_;
  Bytes last_;  // the object that the last message makes
};

}  // namespace netloom
