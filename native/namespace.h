// Network namespaces: created, pinned at a path, opened, identified, deleted. And the netlink sockets inside them.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "failure.h"
#include "fd.h"
#include "job.h"
#include "netlink.h"
#include "open_sockets.h"
#include "pin.h"
#include "thread_home.h"

namespace netloom {

// An open network namespace. Shared by the handle table and the jobs that use it, so a handle may be closed under way.
class Namespace {
 public:
  Namespace(Fd fd, Identity identity) : fd_(std::move(fd)), identity_(identity) {}

  int fd() const { return fd_.get(); }
  const Identity& identity() const { return identity_; }
  // From now on the pin goes when this object goes.
  void own(Pin pin) {
    const std::lock_guard lock(mutex_);
    pin_ = std::move(pin);
  }
  void disown() {
    const std::lock_guard lock(mutex_);
    pin_.disarm();
  }
  Pin take_pin() {
    const std::lock_guard lock(mutex_);
    return std::move(pin_);
  }
  // Runs `visit()`, which gives a Failure, inside this namespace. What it opens stays in the namespace wherever it is
  // used.
  template <class Function>
  Failure inside(ThreadHome& thread, Function visit) {
    if (Failure failure = thread.visit(fd_.get())) return failure;
    return visit();
  }

  // Takes over a socket that is open already.
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

// Opens a path only if a namespace, of whatever kind, is behind it: opening a device or a fifo by mistake would have
// effects or block.
Failure open_namespace_file(const std::string& path, Fd& fd);
Failure open_namespace(const PathOf& path, NamespacePointer& opened);
Failure open_namespace(DescriptorOf& descriptor, NamespacePointer& opened);
Failure open_namespace(const ProcessOf& process, NamespacePointer& opened);
Failure open_namespace(const ThreadOf& thread, NamespacePointer& opened);
// Wraps a descriptor that is known to be of a network namespace.
Failure adopt_namespace(Fd fd, NamespacePointer& opened);

// Creates a namespace; with a path, pinned there. The thread comes back by ThreadHome::return_home.
Failure create_namespace(ThreadHome& thread, const std::string& path, NamespacePointer& created, Pin& pin);

struct Pinned {
  std::string name;
  Identity identity;
};
// The namespaces pinned in a directory; files that are none are left out, a missing directory holds none.
Failure list_pinned(const std::string& directory, std::vector<Pinned>& found);

}  // namespace netloom
