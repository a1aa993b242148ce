#include "netns/thread_home.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <string>

#include "base/namespace_kinds.h"

namespace netloom {

Fd open_own_netns() {
  return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

Fd open_own(int kind) {
  return Fd(::open((std::string("/proc/thread-self/ns/") + name_of(kind)).c_str(), O_RDONLY | O_CLOEXEC));
}

namespace {

bool is_same(int a, int b) {
  struct stat one, other;
  return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

}  // namespace

bool ThreadHome::is_at_home_in(int fd) const {
  return !away_ && is_same(fd, home());
}

Failure ThreadHome::settle() {
  if (home_->failure) return home_->failure;
  for (const Home::Other& other : home_->others) {
    if (::setns(other.fd.get(), other.kind) != 0) return failed("setns");
  }
  // With a file system context of its own the thread may enter a mount namespace later. Where a sandbox forbids this
  // call, only that fails: the thread then changes nothing that it shares with the whole process.
  has_own_files_ = ::unshare(CLONE_FS) == 0;
  // Most threads are at home already; and without capabilities setns(2) fails even to the same namespace.
  const Fd here = open_own_netns();
  away_ = !here || !is_same(here.get(), home());
  return return_home() ? Failure{} : failed("setns");
}

Failure ThreadHome::visit(int fd, const Identity& identity) {
  if (here_ == identity) return {};
  if (::setns(fd, CLONE_NEWNET) != 0) return failed("setns");
  away_ = true;
  here_ = identity;
  return {};
}

Failure ThreadHome::visit_new() {
  if (::unshare(CLONE_NEWNET) != 0) return failed("unshare");
  away_ = true;
  here_.reset();
  return {};
}

bool ThreadHome::return_home() {
  if (away_ && ::setns(home_->netns.get(), CLONE_NEWNET) != 0) return false;
  away_ = false;
  here_.reset();
  return true;
}

}  // namespace netloom
