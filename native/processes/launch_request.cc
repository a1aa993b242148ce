#include "processes/launch_request.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdlib>

#include "launch/launcher_process.h"

namespace netloom {

Failure reserve_descriptors(size_t count) {
  std::vector<Fd> held(count);
  for (Fd& fd : held) {
    fd = Fd(::open("/dev/null", O_PATH | O_CLOEXEC));
    if (!fd) return failed("open");
  }
  return {};
}

namespace {

// EINVAL for what is no namespace of the kind.
Failure open_joined(int kind, const std::string& where, Fd& opened) {
  if (!where.empty() && where.front() == '/') {
    if (Failure failure = open_namespace_file(where, opened)) return failure;
  } else {
    opened = Fd(::fcntl(std::atoi(where.c_str()), F_DUPFD_CLOEXEC, 3));
    if (!opened) return failed("fcntl");
  }
  return ::ioctl(opened.get(), NS_GET_NSTYPE) == kind ? Failure{} : Failure{EINVAL, "ioctl"};
}

}  // namespace

Failure prepare_launch(const LaunchRequest& request, Fd& ours, Fd& theirs) {
  LaunchPlan plan(launch::Task::run);
  plan.head.flags = request.flags;
  plan.head.made = request.made;
  plan.head.uid = request.uid;
  plan.head.gid = request.gid;
  plan.head.parent = ::getpid();
  plan.head.capabilities = request.capabilities;
  using launch::Plan;
  const std::pair<LaunchPlan::Text, const std::string&> texts[] = {
      {&Plan::directory, request.directory}, {&Plan::etc_directory, request.etc_directory},
      {&Plan::host, request.host_name},      {&Plan::domain, request.domain_name},
      {&Plan::uid_map, request.uid_map},     {&Plan::gid_map, request.gid_map},
      {&Plan::mounts, request.mounts},
  };
  for (const auto& [part, text] : texts)
    plan.set(part, text);
  plan.set_bytes(&Plan::groups, request.groups.data(), request.groups.size_bytes());
  plan.set_bytes(&Plan::seccomp, request.seccomp.data(), request.seccomp.size());

  std::vector<Fd> opened;
  UserNamespacePointer user;
  // Who may enter it by its user namespace alone, and does not do so anyway.
  const auto& kinds = request.joined_kinds;
  const bool joins_user = std::find(kinds.begin(), kinds.end(), uint32_t{CLONE_NEWUSER}) != kinds.end();
  if (::geteuid() != 0 && !joins_user && !request.netns->owner(user) && !user->is_own()) {
    if (Failure failure = plan.join(CLONE_NEWUSER, user->fd())) return failure;
  }
  if (Failure failure = plan.join(CLONE_NEWNET, request.netns->fd())) return failure;
  for (size_t i = 0; i < request.joined.size(); ++i) {
    const int kind = static_cast<int>(request.joined_kinds[i]);
    if (Failure failure = open_joined(kind, request.joined[i], opened.emplace_back())) return failure;
    if (Failure failure = plan.join(kind, opened.back().get())) return failure;
  }
  if (!request.cgroup.empty()) {
    Fd& procs = opened.emplace_back(::open((request.cgroup + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!procs) return failed("open (cgroup.procs)");
    plan.head.has_cgroup = 1;
    plan.pass(procs.get());
  }
  return prepare_launch(plan, ours, theirs);
}

}  // namespace netloom
