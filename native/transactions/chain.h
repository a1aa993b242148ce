// Transactions that follow one another as parts of one: if one stops, those behind it are not carried out.
#pragma once

#include <atomic>

namespace netloom {

struct Chain {
  std::atomic<bool> ended = false;  // an operation failed that stops the others, or was not tried
};

}  // namespace netloom
