// The launch of a process that Node starts: a plan of JavaScript's, and what is opened for it here.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "launch/launcher_process.h"
#include "netns/namespace.h"

namespace netloom {

// What is opened for a launch.
struct Joined {
  int kind;           // CLONE_NEW…; 0: a control group
  std::string place;  // a path, or the number of a descriptor
};

// Fails where there are fewer descriptors left than that.
Failure reserve_descriptors(size_t count);
// Opens what is joined, and prepares a launch.
Failure prepare_launch(Namespace& netns, LaunchPlan plan, const std::vector<Joined>& joined, PreparedLaunch& launch);

}  // namespace netloom
