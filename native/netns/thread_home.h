// A lane's thread: keeps the network namespace it belongs to open, enters others, and returns after each job.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "netlink/open_sockets.h"
#include "netlink/receive_buffer.h"

namespace netloom {

class NetnsPrefetch;

// What an environment's threads have in common: the namespace that they belong to, or why it could not be opened; the
// sockets that they keep open; the namespaces that are made ahead.
struct Home {
  // Where a thread goes that was started by one that was elsewhere: a namespace and its kind.
  struct Other {
    Fd fd;
    int kind;
  };

  Fd netns;
  Failure failure;
  std::shared_ptr<OpenSockets> sockets;
  std::shared_ptr<NetnsPrefetch> prefetch;
  std::vector<Other> others = {};
};

class ThreadHome {
 public:
  explicit ThreadHome(std::shared_ptr<const Home> home) : home_(std::move(home)) {}

  // Puts a new thread at home: it may have been started by one that was elsewhere.
  Failure settle();
  // Moves the thread into the network namespace behind `fd`.
  Failure visit(int fd);
  // Moves the thread into a network namespace that it creates.
  Failure visit_new();
  // False if the thread cannot return: it must end then, and run no other job.
  [[nodiscard]] bool return_home();

  // Whether what a thread has of its file system context (umask, directories) is its own, not that of the whole
  // process.
  bool has_own_files() const { return has_own_files_; }

  int home() const { return home_->netns.get(); }
  // Whether the thread is in the network namespace that it belongs to, and that is this one.
  bool is_at_home_in(int fd) const;
  OpenSockets& sockets() { return *home_->sockets; }
  NetnsPrefetch& prefetch() { return *home_->prefetch; }

  ReceiveBuffer& receive_buffer() { return receive_buffer_; }

 private:
  std::shared_ptr<const Home> home_;
  bool away_ = false;
  bool has_own_files_ = false;
  ReceiveBuffer receive_buffer_;
};

// The calling thread's network namespace, opened; or its namespace of another kind.
Fd open_own_netns();
Fd open_own(int kind);

}  // namespace netloom
