// The messages that restore objects, in their order.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "rollback/undo.h"

namespace netloom {

// Takes the objects of a dump in its order. The kernel puts a new object behind those of the same priority, so the
// objects that stay and stood behind a removed one have to be made again after it.
class RestoreMessages {
 public:
  // What the messages do with an object that stays and stands behind a removed one.
  enum class Keeping : uint8_t {
    remake,  // remove it and make it again
    note,    // make it: the sender of the messages removes it first, where that is necessary
  };
  explicit RestoreMessages(const UndoRecipe& recipe, Keeping keeping = Keeping::remake)
      : recipe_(recipe), keeping_(keeping) {}

  // An object that was removed, or whose settings `change` has changed.
  void removed(Bytes object, Bytes change = {});
  // An object that was not changed.
  void kept(Bytes object);
  std::vector<uint8_t> take() { return std::move(messages_); }

 private:
  const UndoRecipe& recipe_;
  Keeping keeping_;
  std::vector<uint8_t> messages_;
  Bytes last_;  // the object that the last message makes
};

}  // namespace netloom
