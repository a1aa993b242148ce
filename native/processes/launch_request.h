// The launch of a process that Node starts: a plan from JavaScript, and the descriptors that are opened for it here.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "launch/launcher_process.h"
#include "netns/namespace.h"

namespace netloom {

// A namespace or control group that the process joins.
struct Joined {
  int kind;           // CLONE_NEW…; 0: a control group
  std::string place;  // a path, or the number of a descriptor
};

// Fails with EMFILE or ENFILE where fewer than `count` descriptors are left.
Failure reserve_descriptors(size_t count);
// Opens what the process joins, and prepares the launch.
Failure prepare_launch(Namespace& netns, LaunchPlan plan, const std::vector<Joined>& joined, PreparedLaunch& launch);

}  // namespace netloom
