// Transactions that follow one another as parts of one: if one stops, those behind it are not carried out.
#pragma once

#include <atomic>

namespace netloom {

struct Chain {
  // An operation failed that stops the others, or was not tried; or a transaction was cancelled before it began.
  std::atomic<bool> ended = false;
};

}  // namespace netloom
