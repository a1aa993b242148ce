// User namespaces of this process: in them it has every capability, without having any where it is. Network namespaces
// that belong to one can be joined with each other. No thread of this process may enter one, so each has a helper: a
// launcher that is in it and opens there what this process uses.
#pragma once

#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
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
  UserNamespace(Fd fd, Launched helper) : fd_(std::move(fd)), helper_(std::move(helper)) {}

  // The one of this process that was made by the same plan and is in use; else a new one.
  static Failure shared(ThreadHome& thread, const LaunchPlan& plan, UserNamespacePointer& found);
  // The one that a namespace of another kind belongs to. EPERM: it is none of ours, nor below one of ours.
  static Failure owner_of(int other, UserNamespacePointer& owner);

  int fd() const { return fd_.get(); }
  // Whether this process is in it.
  bool is_own() const;

  // Has the helper open one thing. Somebody who kills it may do so once: the next one is asked again.
  Failure open(ThreadHome& thread, const launch::Request& request, std::string_view path,
               std::initializer_list<int> descriptors, Fd& opened);
  // A network namespace, and a netlink socket in it.
  Failure create(ThreadHome& thread, Fd& netns, Fd& route);
  // The entries of a directory, as getdents64(2) gives them.
  Failure list(ThreadHome& thread, const launch::Request& request, std::string_view path,
               std::initializer_list<int> descriptors, std::string& entries);

 private:
  // A new one, for nobody else. No process in it may change its groups.
  static Failure make(ThreadHome& thread, const LaunchPlan& plan, UserNamespacePointer& made);
  // Runs `use()`, which talks with the helper; again with another one if that has gone.
  template <class Use>
  Failure with_helper(ThreadHome& thread, Use use);
  Failure start_helper(ThreadHome& thread);

  Fd fd_;
  std::mutex in_use_;  // guards the helper
  Launched helper_;
};

}  // namespace netloom
