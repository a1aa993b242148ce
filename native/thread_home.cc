#include "thread_home.h"

#include <fcntl.h>
#include <sched.h>

namespace netloom {

Fd open_own_netns() {
  return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

Failure ThreadHome::settle() {
  if (home_->failure) return home_->failure;
  // A file system context of its own, so that entering a mount namespace is allowed later. Where a sandbox forbids it,
  // only that entering fails.
  (void)::unshare(CLONE_FS);
  away_ = true;
  return return_home() ? Failure{} : failed("setns");
}

Failure ThreadHome::visit(int fd) {
  if (::setns(fd, CLONE_NEWNET) != 0) return failed("setns");
  away_ = true;
  return {};
}

Failure ThreadHome::visit_new() {
  if (::unshare(CLONE_NEWNET) != 0) return failed("unshare");
  away_ = true;
  return {};
}

bool ThreadHome::return_home() {
  if (away_ && ::setns(home_->netns.get(), CLONE_NEWNET) != 0) return false;
  away_ = false;
  return true;
}

uint8_t* ThreadHome::buffer() {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<uint8_t[]>(kReceiveSize);
  return buffer_.get();
}

}  // namespace netloom
