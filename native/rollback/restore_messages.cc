#include "rollback/restore_messages.h"

namespace netloom {

void RestoreMessages::removed(Bytes object, Bytes change) {
  append_message(messages_, restoring(change, object, recipe_));
  last_ = object;
}

void RestoreMessages::kept(Bytes object) {
  if (last_.empty() || !are_ordered(last_, object, recipe_)) {
    last_ = {};
    return;
  }
  if (keeping_ == Keeping::remake) append_message(messages_, removing(object, recipe_));
  removed(object);
}

}  // namespace netloom
