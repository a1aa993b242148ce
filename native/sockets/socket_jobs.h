// The jobs that open sockets inside a namespace.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/fd.h"
#include "netns/namespace.h"
#include "threads/job.h"

namespace netloom {

// Creates a socket in a namespace and, if wanted, binds it there. It belongs to the namespace wherever it is used.
class OpenSocket final : public Job {
 public:
  struct Options {
    int family;  // AF_INET, AF_INET6 or AF_UNIX
    int type;
    bool ipv6_only;
    bool reuse_port;
    bool connects;     // connects to the path, instead of binding to it
    std::string host;  // an address, with %device where its scope needs one, or a path; empty: not bound
    uint16_t port;
    mode_t mask;         // umask for the file that bind(2) creates at a path
    std::string device;  // SO_BINDTODEVICE, by name or index; empty: any
  };
  OpenSocket(NamespacePointer netns, Options options) : netns_(std::move(netns)), options_(std::move(options)) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // The number with which the descriptor can be taken.
  napi_value deliver(const Delivery& to) override;

 private:
  Failure open(const ThreadHome& thread, const NetnsOpener& opener);
  Failure prepare(int fd) const;
  Failure bind(const ThreadHome& thread, int fd) const;
  Failure use_path(const ThreadHome& thread, int fd) const;

  NamespacePointer netns_;
  Options options_;
  Fd socket_;
};

}  // namespace netloom
