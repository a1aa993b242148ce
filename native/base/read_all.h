// Reads a file to its end: files in /proc report no size.
#pragma once

#include <unistd.h>

#include <string>

#include "base/failure.h"

namespace netloom {

inline Failure read_all(int file, std::string& content) {
  constexpr size_t kPiece = 64 * 1024;
  size_t size = 0;
  while (true) {
    content.resize(size + kPiece);
    const ssize_t count = ::read(file, content.data() + size, kPiece);
    if (count < 0 && errno == EINTR) continue;
    content.resize(size + static_cast<size_t>(count > 0 ? count : 0));
    if (count < 0) return failed("read");
    if (count == 0) return {};
    size += static_cast<size_t>(count);
  }
}

}  // namespace netloom
