// The table of what jobs have opened. JavaScript gets a number for each entry; no number is used twice.
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "netns/namespace.h"
#include "node/datagrams.h"

namespace netloom {

// One for each JavaScript environment; used on its thread.
class Handles {
 public:
  // Keeps a namespace until its handle is closed.
  virtual uint64_t keep(NamespacePointer netns) = 0;
  // Keeps a socket until JavaScript takes its descriptor: a bare number would leak when the environment ends.
  virtual uint64_t keep(Fd socket) = 0;
  // Keeps a descriptor that packets are read from and written to, until it is closed.
  virtual uint64_t keep_datagrams(Fd fd, Datagrams::Via via) = 0;

 protected:
  ~Handles() = default;
};

}  // namespace netloom
