// The namespaces of a lane's thread: it enters other network namespaces and returns to its home after each job.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/failure.h"
#include "base/fd.h"
#include "base/identity.h"
#include "netlink/open_sockets.h"
#include "netlink/receive_buffer.h"

namespace netloom {

class NetnsPrefetch;

// What the threads of an environment share: their home, or why it could not be opened; the sockets that they keep open;
// the prefetched namespaces.
struct Home {
  // A namespace of another kind that belongs to the home, which a new thread enters, and its kind.
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

  // Moves a new thread home: a thread in another namespace may have started it.
  Failure settle();
  // Moves the thread into the network namespace behind `fd`, if it is not in that one.
  Failure visit(int fd, const Identity& identity);
  // Which one it has created by visit_new().
  void is_in(const Identity& identity) { here_ = identity; }
  // Moves the thread into a network namespace that it creates.
  Failure visit_new();
  // False if the thread cannot return: it must then end without running another job.
  [[nodiscard]] bool return_home();

  // Whether the thread has a file system context (umask, root, current directory) of its own, apart from the process's.
  bool has_own_files() const { return has_own_files_; }

  int home() const { return home_->netns.get(); }
  // Whether the thread is at home, and its home is the network namespace of `fd`.
  bool is_at_home_in(int fd) const;
  OpenSockets& sockets() { return *home_->sockets; }
  NetnsPrefetch& prefetch() { return *home_->prefetch; }

  ReceiveBuffer& receive_buffer() { return receive_buffer_; }

 private:
  std::shared_ptr<const Home> home_;
  bool away_ = false;
  // The network namespace where it is, which lives for as long as it is there. Nothing: not known, or home.
  std::optional<Identity> here_;
  bool has_own_files_ = false;
  ReceiveBuffer receive_buffer_;
};

// The calling thread's network namespace, opened; or its namespace of another kind.
Fd open_own_netns();
Fd open_own(int kind);

}  // namespace netloom
