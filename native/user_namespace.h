// User namespaces of this process: in them it has every capability, without having any where it is. Network namespaces
// that belong to one can be joined with each other.
#pragma once

#include <memory>
#include <string>

#include "child.h"
#include "failure.h"
#include "fd.h"
#include "job.h"

namespace netloom {

// Which users and groups of its parent a user namespace has, as in /proc/PID/uid_map: "inside outside count" a line.
struct IdMaps {
  std::string users;
  std::string groups;
};

// The user and group of this process, as root: what anybody may have.
IdMaps own_ids();

class UserNamespace;
using UserNamespacePointer = std::shared_ptr<UserNamespace>;

// It lives as long as this object, or something that belongs to it.
class UserNamespace {
 public:
  explicit UserNamespace(Fd fd) : fd_(std::move(fd)) {}

  // The one of this process that has these maps and is in use; else a new one.
  static Failure shared(ChildStack& stack, const IdMaps& maps, UserNamespacePointer& found);
  // A new one, for nobody else. No process in it may change its groups.
  static Failure create(ChildStack& stack, const IdMaps& maps, UserNamespacePointer& created);
  // The one that a namespace of another kind belongs to. EPERM: it is none of ours, nor below one of ours.
  static Failure owner_of(int other, UserNamespacePointer& owner);

  int fd() const { return fd_.get(); }
  // Moves the calling thread, which must be the only one of its process.
  Failure enter() const;
  // Runs `visit()`, which gives a Failure, in it.
  template <class Function>
  Failure inside(ChildStack& stack, Function visit) const {
    return in_child(stack, [&] {
      if (Failure failure = enter()) return failure;
      return visit();
    });
  }

 private:
  Fd fd_;
};

// Writes the maps of the user namespace of a process, and denies setgroups(2) in it. What the kernel allows nobody but
// root is left to newuidmap(1) and newgidmap(1), which look into /etc/subuid and /etc/subgid.
Failure write_id_maps(pid_t pid, const IdMaps& maps);

}  // namespace netloom
