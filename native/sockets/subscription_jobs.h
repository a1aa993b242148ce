// The job that opens a netlink socket for multicast messages of the kernel (netlink(7), NETLINK_ADD_MEMBERSHIP).
#pragma once

#include <utility>

#include "base/fd.h"
#include "netns/namespace.h"
#include "threads/job.h"

namespace netloom {

class OpenSubscription final : public Job {
 public:
  OpenSubscription(NamespacePointer netns, int protocol, int buffer_size)
      : netns_(std::move(netns)), protocol_(protocol), buffer_size_(buffer_size) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // The number of the datagrams.
  napi_value deliver(const Delivery& to) override;

 private:
  Failure open(const NetnsOpener& opener);

  NamespacePointer netns_;
  int protocol_;
  int buffer_size_;
  Fd socket_;
};

// Joins or leaves a group.
Failure set_membership(int fd, uint32_t group, bool member);

}  // namespace netloom
