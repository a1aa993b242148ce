// Network namespaces: created, pinned at a path, opened, identified, deleted. And the netlink sockets inside them.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "base/identity.h"
#include "netlink/open_sockets.h"
#include "netlink/socket.h"
#include "netns/namespace_file.h"
#include "netns/netns_opener.h"
#include "netns/pin.h"
#include "netns/thread_home.h"
#include "netns/user_namespace.h"

namespace netloom {

class FirstProcess;

// An open namespace; a network namespace where no other kind is named. The handle table and the jobs that use it share
// it, so a handle may be closed while a job runs.
class Namespace {
 public:
  Namespace(Fd fd, Identity identity) : fd_(std::move(fd)), identity_(identity) {}

  int fd() const { return fd_.get(); }
  const Identity& identity() const { return identity_; }
  // From now on the destructor of this object unpins it.
  void own(Pin pin) {
    const std::lock_guard lock(mutex_);
    pin_ = std::move(pin);
  }
  // Of a pid namespace: from now on the destructor of this object ends its first process.
  void own(std::shared_ptr<FirstProcess> first) {
    const std::lock_guard lock(mutex_);
    first_ = std::move(first);
  }
  std::shared_ptr<FirstProcess> take_first() {
    const std::lock_guard lock(mutex_);
    return std::move(first_);
  }
  void disown() {
    const std::lock_guard lock(mutex_);
    pin_.disarm();
  }
  Pin take_pin() {
    const std::lock_guard lock(mutex_);
    return std::move(pin_);
  }
  // Notes its owning user namespace, which others may be created in, too.
  void belong_to(UserNamespacePointer user) {
    const std::lock_guard lock(mutex_);
    user_ = std::move(user);
  }
  // Its owning user namespace (NS_GET_USERNS).
  Failure owner(UserNamespacePointer& user);

  // Runs `visit(const NetnsOpener&)`, which opens files and sockets of this namespace and returns a Failure. They
  // belong to the namespace wherever they are used. Where this thread may not enter the namespace, the helper of its
  // owning user namespace opens them.
  template <class Function>
  Failure inside(ThreadHome& thread, Function visit) {
    const Failure failure = thread.visit(fd_.get(), identity_);
    if (!failure) return visit(NetnsOpener());
    if (failure.error != EPERM) return failure;
    if (thread.is_at_home_in(fd_.get())) return visit(NetnsOpener());
    UserNamespacePointer user;
    if (owner(user)) return failure;
    return visit(NetnsOpener(thread, *user, fd_.get()));
  }

  // What a child of this process enters, in this order, to be in the namespace. This object keeps the descriptors.
  struct ToJoin {
    int fd;
    int kind;  // CLONE_NEW…
  };
  Failure namespaces_to_join(ThreadHome& thread, std::vector<ToJoin>& to_join);

  // Takes a socket of a protocol that is open already.
  void keep_socket(OpenSockets& sockets, int protocol, NetlinkSocket socket);

  // Runs `use(NetlinkSocket&)` with this namespace's socket of a protocol, opened on demand by visiting the namespace.
  template <class Function>
  Failure with_socket(ThreadHome& thread, int protocol, Function use) {
    const std::shared_ptr<KeptSocket>& kept = socket_of(protocol);
    const std::lock_guard lock(kept->in_use);
    if (!kept->socket.is_open()) {
      if (Failure failure = open_socket(thread, protocol, kept)) return failure;
    }
    kept->last_use.store(thread.sockets().next_use(), std::memory_order_relaxed);
    return use(kept->socket);
  }

 private:
  const std::shared_ptr<KeptSocket>& socket_of(int protocol);
  Failure open_socket(ThreadHome& thread, int protocol, const std::shared_ptr<KeptSocket>& kept);

  Fd fd_;
  Identity identity_;
  Pin pin_;
  UserNamespacePointer user_;
  std::shared_ptr<FirstProcess> first_;
  std::mutex mutex_;
  std::map<int, std::shared_ptr<KeptSocket>> sockets_;
};

using NamespacePointer = std::shared_ptr<Namespace>;

// How to find a namespace that exists.
struct PathOf {
  std::string path;
};
struct DescriptorOf {
  Fd fd;
};
struct ProcessOf {
  pid_t pid;
};
struct ThreadOf {
  pid_t tid;
};

Failure open_namespace(const PathOf& path, NamespacePointer& opened);
Failure open_namespace(DescriptorOf& descriptor, NamespacePointer& opened);
Failure open_namespace(const ProcessOf& process, NamespacePointer& opened);
Failure open_namespace(const ThreadOf& thread, NamespacePointer& opened);
// The same for a namespace of kind `kind`, a flag of clone(2). 0: of any kind; `kind` is then set to the one found.
Failure open_kind(const PathOf& path, int& kind, NamespacePointer& opened);
Failure open_kind(DescriptorOf& descriptor, int& kind, NamespacePointer& opened);
Failure open_kind(const ProcessOf& process, int& kind, NamespacePointer& opened);
Failure open_kind(const ThreadOf& thread, int& kind, NamespacePointer& opened);
// Wraps a descriptor that has been checked to be of a namespace.
Failure adopt_namespace(Fd fd, NamespacePointer& opened);

// Creates a namespace; with a path, pins it there. May leave the thread in it, until ThreadHome::return_home.
Failure create_namespace(ThreadHome& thread, const std::string& path, PinDirectory& directory,
                         NamespacePointer& created, Pin& pin);

// Creates an anonymous one, without privilege: in the owning user namespace of `with`, or else in the one of this
// process that the plan makes.
Failure create_rootless(ThreadHome& thread, const LaunchPlan& plan, const NamespacePointer& with,
                        NamespacePointer& created);

struct Pinned {
  std::string name;
  Identity identity;
};
// The namespaces pinned in a directory, without its other files; none if the directory does not exist.
Failure list_pinned(const std::string& directory, std::vector<Pinned>& found);

}  // namespace netloom
