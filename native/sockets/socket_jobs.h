// The jobs that open sockets inside a namespace.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/fd.h"
#include "netns/namespace.h"
#include "threads/job.h"

namespace netloom {

// A socket made in a namespace, optionally bound there; it stays there wherever it is used.
class OpenSocket final : public Job {
 public:
  struct Options {
    int family;  // AF_INET, AF_INET6 or AF_UNIX
    int type;
    bool ipv6_only;
    bool reuse_port;
    bool connects;     // to the path, instead of being bound to it
    std::string host;  // an address, with %device where its scope needs one, or a path; empty: not bound
    uint16_t port;
    mode_t mask;         // of the file that a path becomes
    std::string device;  // the only one that it sends and receives by, by name or index; empty: any
  };
  OpenSocket(NamespacePointer netns, Options options) : netns_(std::move(netns)), options_(std::move(options)) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // The number by which the descriptor can be taken.
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
