// The launch of a process that Node starts: a plan of JavaScript's, and what is opened for it here.
#pragma once

#include <string>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "launch/launch_plan.h"
#include "netns/namespace.h"

namespace netloom {

struct LaunchRequest {
  NamespacePointer netns;
  LaunchPlan plan;
  struct Joined {
    int kind;           // CLONE_NEW…; 0: a control group
    std::string place;  // a path, or the number of a descriptor
  };
  std::vector<Joined> joined;
};

// Fails where there are fewer descriptors left than that.
Failure reserve_descriptors(size_t count);
// Opens what is named, and prepares a launch.
Failure prepare_launch(const LaunchRequest& request, Fd& ours, Fd& theirs);

}  // namespace netloom
