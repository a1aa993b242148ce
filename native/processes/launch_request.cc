#include "processes/launch_request.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdlib>

namespace netloom {
namespace {

// EINVAL if it is no namespace of this kind.
Failure open_joined(int kind, const std::string& place, Fd& opened) {
  if (place.starts_with('/')) {
    if (Failure failure = open_namespace_file(place, opened)) return failure;
  } else {
    opened = Fd(::fcntl(std::atoi(place.c_str()), F_DUPFD_CLOEXEC, 3));
    if (!opened) return failed("fcntl");
  }
  return ::ioctl(opened.get(), NS_GET_NSTYPE) == kind ? Failure{} : Failure{EINVAL, "ioctl"};
}

}  // namespace

Failure reserve_descriptors(size_t count) {
  std::vector<Fd> held(count);
  for (Fd& fd : held) {
    fd = Fd(::open("/dev/null", O_PATH | O_CLOEXEC));
    if (!fd) return failed("open");
  }
  return {};
}

Failure prepare_launch(Namespace& netns, LaunchPlan plan, const std::vector<Joined>& joined, PreparedLaunch& launch) {
  plan.head.parent = ::getpid();
  std::vector<Fd> opened;
  UserNamespacePointer user;
  // The process has to join the owning user namespace to enter it, and does not join it by request anyway.
  const bool joins_user =
      std::any_of(joined.begin(), joined.end(), [](auto& one) { return one.kind == CLONE_NEWUSER; });
  if (::geteuid() != 0 && !joins_user && !netns.owner(user) && !user->is_own()) {
    if (Failure failure = plan.join(CLONE_NEWUSER, user->fd())) return failure;
  }
  if (Failure failure = plan.join(CLONE_NEWNET, netns.fd())) return failure;
  for (const auto& [kind, place] : joined) {
    Fd& fd = opened.emplace_back();
    if (kind == 0) {
      fd = Fd(::open((place + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
      if (!fd) return failed("open (cgroup.procs)");
      plan.head.has_cgroup = 1;
      plan.pass(fd.get());
    } else {
      if (Failure failure = open_joined(kind, place, fd)) return failure;
      if (Failure failure = plan.join(kind, fd.get())) return failure;
    }
  }
  return prepare_launch(plan, launch);
}

}  // namespace netloom
