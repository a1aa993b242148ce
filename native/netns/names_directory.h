// The directory of `ip netns`, and the mount point that makes the names in it visible in other mount namespaces.
#pragma once

#include <string>

#include "base/failure.h"

namespace netloom {

inline constexpr const char* kNamesDirectory = "/run/netns";

bool in_names_directory(const std::string& path);

// Makes it as iproute2 does, under the same lock, so that both may run at once. To be called by each job before it
// mounts in it: another program may have unmounted it or made it private, which the mount's id does not show, as the
// kernel reuses it.
Failure share_names_directory();

}  // namespace netloom
