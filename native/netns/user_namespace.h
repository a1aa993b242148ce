// User namespaces of this process: in them it has every capability, even if it has none where it is. Network namespaces
// of the same owner can be connected to each other. A multithreaded process cannot enter a user namespace, so each has
// a helper: a launcher in it, which opens there what this process uses.
#pragma once

#include <initializer_list>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/failure.h"
#include "base/fd.h"
#include "launch/launcher_process.h"

namespace netloom {

class ThreadHome;

// A plan that makes a user namespace with the caller's uid and gid mapped to root, which needs no privilege.
LaunchPlan plan_of_own_user();

class UserNamespace;
using UserNamespacePointer = std::shared_ptr<UserNamespace>;

// The user namespace exists as long as this object, or a namespace that it owns.
class UserNamespace {
 public:
  explicit UserNamespace(Fd fd = {}) : fd_(std::move(fd)) {}

  // The one that this process has made by the same plan, if it is in use; else a new one, in which no process may
  // change its groups.
  static Failure shared(ThreadHome& thread, const LaunchPlan& plan, UserNamespacePointer& found);
  // The owner of a namespace of another kind. EPERM: it is neither this process's user namespace nor below it.
  static Failure owner_of(int other, UserNamespacePointer& owner);

  int fd() const { return fd_.get(); }
  // Whether this process is in it.
  bool is_own() const;

  // Sends the helper a request. If the helper was killed, starts another one, three in all. Joins the entries of a
  // directory, as getdents64(2) gives them.
  Failure ask(ThreadHome& thread, const launch::Request& request, std::string_view path,
              std::initializer_list<int> descriptors, Launched::Answer& answer);
  // The same, for a request that opens one descriptor.
  Failure open(ThreadHome& thread, const launch::Request& request, std::string_view path,
               std::initializer_list<int> descriptors, Fd& opened);
  // Creates a network namespace, and a netlink socket in it.
  Failure create(ThreadHome& thread, Fd& netns, Fd& route);

 private:
  Failure start_helper(ThreadHome& thread);

  Fd fd_;
  std::mutex in_use_;  // guards the helper
  Launched helper_;
};

}  // namespace netloom
