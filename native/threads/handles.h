// What JavaScript gets for what a job has opened: a number, which is never used twice.
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "netns/namespace.h"
#include "node/datagrams.h"

namespace netloom {

// Of one JavaScript environment, on its thread.
class Handles {
 public:
  // A namespace, until its handle closes.
  virtual uint64_t keep(NamespacePointer netns) = 0;
  // A socket, until JavaScript takes its descriptor: a number alone would be lost with the environment.
  virtual uint64_t keep(Fd socket) = 0;
  // A descriptor that gives and takes packets, until it is closed.
  virtual uint64_t keep_datagrams(Fd fd, Datagrams::Via via) = 0;

 protected:
  ~Handles() = default;
};

}  // namespace netloom
