// Namespaces that one thread of this process offers to the others: a number, which is sent over a MessagePort, refers
// to a descriptor of the offering environment for as long as that keeps it open. The offer itself keeps none open.
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
  // Does not own `fd`, which has to stay open for as long as this object exists.
  Share(int fd, Identity identity);
  Share(Share&& other) noexcept : number_(std::exchange(other.number_, 0)) {}
  Share& operator=(Share&&) = delete;
  ~Share();

  uint64_t number() const { return number_; }

  // A random name of this process and of this copy of the addon in it.
  static const std::string& registry();
  // A new descriptor for the namespace that is shared under a number. From any thread. ENOENT if it is not shared (any
  // more), ESTALE if it is another namespace than the expected one.
  static Failure adopt(uint64_t number, const Identity& expected, Fd& adopted);

 private:
  uint64_t number_;
};

}  // namespace netloom
