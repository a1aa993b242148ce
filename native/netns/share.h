// Namespaces that one thread of this process offers to the others: a number, which crosses a MessagePort, stands for a
// descriptor of the offering environment for as long as that keeps it. An offer that is not adopted keeps no descriptor
// open.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/failure.h"
#include "base/fd.h"
#include "base/identity.h"

namespace netloom {

class Share {
 public:
  // `fd` stays the caller's, and open at least as long as this.
  Share(int fd, Identity identity);
  Share(Share&& other) noexcept : number_(std::exchange(other.number_, 0)) {}
  Share& operator=(Share&&) = delete;
  ~Share();

  uint64_t number() const { return number_; }

  // Tells this process, and this copy of the addon in it, from others.
  static const std::string& registry();
  // A descriptor of the caller's own for what is shared under a number. From any thread. ENOENT if it is not shared
  // (any more), ESTALE if it is another namespace.
  static Failure adopt(uint64_t number, const Identity& expected, Fd& adopted);

 private:
  uint64_t number_;
};

}  // namespace netloom
