// The names in a directory.
#pragma once

#include "launcher/system.h"

namespace netloom::launch {

// Calls `use` with each name until `use` returns false. Returns 0, or -errno of getdents64(2).
template <class Use>
long for_each_name(int directory, Use use) {
  struct Entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
  };
  alignas(8) char entries[4096];
  while (true) {
    const long size = call(SYS_getdents64, directory, entries, sizeof entries);
    if (size <= 0) return size;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const Entry*>(entries + at);
      at += entry->size;
      if (is_equal(entry->name, ".") || is_equal(entry->name, "..")) continue;
      if (!use(entry->name)) return 0;
    }
  }
}

}  // namespace netloom::launch
