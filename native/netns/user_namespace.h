// User namespaces of this process: in them it has every capability, without having any where it is. Network namespaces
// that belong to one can be joined with each other. No thread of this process may enter one, so each has a helper: a
// launcher that is in it and opens there what this process uses.
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

// A plan that makes a user namespace with one's own user and group as root: what anybody may have.
LaunchPlan plan_of_own_user();

class UserNamespace;
using UserNamespacePointer = std::shared_ptr<UserNamespace>;

// It lives as long as this object, or something that belongs to it.
class UserNamespace {
 public:
  explicit UserNamespace(Fd fd = {}) : fd_(std::move(fd)) {}

  // The one of this process that was made by the same plan and is in use; else a new one, in
  // which no process may change its groups.
  static Failure shared(ThreadHome& thread, const LaunchPlan& plan, UserNamespacePointer& found);
  // The one that a namespace of another kind belongs to. EPERM: it is none of ours, nor below one of ours.
  static Failure owner_of(int other, UserNamespacePointer& owner);

  int fd() const { return fd_.get(); }
  // Whether this process is in it.
  bool is_own() const;

  // Asks the helper. If the helper was killed, another one is started and asked, three in all. Entries of a directory
  // come together, as getdents64(2) gives them.
  Failure ask(ThreadHome& thread, const launch::Request& request, std::string_view path,
              std::initializer_list<int> descriptors, Launched::Answer& answer);
  // Has it open one thing.
  Failure open(ThreadHome& thread, const launch::Request& request, std::string_view path,
               std::initializer_list<int> descriptors, Fd& opened);
  // A network namespace, and a netlink socket in it.
  Failure create(ThreadHome& thread, Fd& netns, Fd& route);

 private:
  Failure start_helper(ThreadHome& thread);

  Fd fd_;
  std::mutex in_use_;  // guards the helper
  Launched helper_;
};

}  // namespace netloom
