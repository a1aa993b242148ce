// Waiting for a process on this thread, as Node's synchronous functions do: what it writes is read meanwhile, and what
// it shall read is written.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "process.h"

namespace netloom {

// What a pipe is for.
struct PipeUse {
  bool reads;   // the process reads from it
  bool writes;  // it writes to it
  std::span<const uint8_t> input;
};

struct WaitLimits {
  double milliseconds;  // 0: as long as it takes
  double bytes;         // of all that it writes; 0: any number
  int signal;           // by which it is ended when it is over one of these
};

struct Waited {
  int error = 0;  // ETIMEDOUT, ENOBUFS, or how a pipe failed
  int code = 0;
  int signal = 0;
  std::vector<std::vector<uint8_t>> outputs;
};

// Until it has ended and nobody has the other ends of its pipes any more. Over a limit it is ended, and its pipes are
// closed at once.
Waited wait_for(StartedProcess& process, const std::vector<PipeUse>& uses, const WaitLimits& limits);

}  // namespace netloom
