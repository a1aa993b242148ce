// A process that is launched inside namespaces: what JavaScript asks for, as a plan for the launcher.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "launch/launch_plan.h"
#include "netns/namespace.h"

namespace netloom {

// Flags of the numbers, beside those of launch::Flag; lib/native/process_jobs.ts has them all.
struct LaunchRequest {
  NamespacePointer netns;
  uint32_t flags = 0;
  int made = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t capabilities = 0;
  std::string directory, etc_directory, host_name, domain_name, uid_map, gid_map, cgroup, mounts;
  std::span<const uint32_t> groups;
  std::span<const uint8_t> seccomp;
  // Kinds (CLONE_NEW…), and of each a path or the number of a descriptor.
  std::span<const uint32_t> joined_kinds;
  std::vector<std::string> joined;
};

// Fails where there are fewer descriptors left than that.
Failure reserve_descriptors(size_t count);
// Opens what is named, and prepares a launch.
Failure prepare_launch(const LaunchRequest& request, Fd& ours, Fd& theirs);

}  // namespace netloom
