// The jobs that open sockets inside a namespace.
#pragma once

#include <string>
#include <utility>

#include "fd.h"
#include "job.h"
#include "namespace.h"

namespace netloom {

// A socket made in a namespace, optionally bound there; it stays there wherever it is used.
class OpenSocket final : public Job {
 public:
  struct Options {
    int family;
    int type;
    bool ipv6_only;
    std::string host;  // an address, with %device where its scope needs one; empty: not bound
    uint16_t port;
    std::string device;  // the only one that it sends and receives by, by name or index; empty: any
  };
  OpenSocket(NamespacePointer netns, Options options) : netns_(std::move(netns)), options_(std::move(options)) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // The number by which the descriptor can be taken.
  napi_value deliver(const Delivery& to) override;

 private:
  Failure open();

  NamespacePointer netns_;
  Options options_;
  Fd socket_;
};

}  // namespace netloom
