// The kernel object behind a file.
#pragma once

#include <compare>
#include <cstdint>

namespace netloom {

// Device and inode identify a kernel object, whatever descriptor or path leads to it.
struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  auto operator<=>(const Identity&) const = default;
};

}  // namespace netloom
