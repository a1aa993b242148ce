// Which kernel object a file stands for.
#pragma once

#include <compare>
#include <cstdint>

namespace netloom {

// A kernel object is one by device and inode, whatever handle or path leads to it.
struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  auto operator<=>(const Identity&) const = default;
};

}  // namespace netloom
