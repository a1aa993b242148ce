// The jobs that create, open and change TUN and TAP devices (linux/if_tun.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/fd.h"
#include "netns/namespace.h"
#include "threads/job.h"

namespace netloom {

// Opens a queue of a tap: of a new device, which belongs to the namespace where /dev/net/tun was opened, or of an
// existing one.
class OpenTap final : public Job {
 public:
  struct Options {
    std::string name;  // %d in it: the kernel chooses a number
    uint16_t flags;    // IFF_ of linux/if_tun.h
    bool exists;       // false: creates it, with IFF_TUN_EXCL
    std::optional<uint32_t> owner;
    std::optional<uint32_t> group;
    int header_size;   // of virtio's header; 0: the kernel's default
    uint32_t offload;  // TUN_F_
  };
  OpenTap(NamespacePointer netns, Options options) : netns_(std::move(netns)), options_(std::move(options)) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // [number of the datagrams, name of the device]
  napi_value deliver(const Delivery& to) override;

 private:
  Failure open(const NetnsOpener& opener);

  NamespacePointer netns_;
  Options options_;
  Fd queue_;
};

// Changes a tap by a descriptor of one of its queues, without entering its namespace.
class ControlTap final : public Job {
 public:
  enum class What : uint8_t { persist, attach };
  ControlTap(std::shared_ptr<const Fd> queue, What what, uint32_t value)
      : queue_(std::move(queue)), what_(what), value_(value) {}
  void run(ThreadHome& thread) override;
  napi_value deliver(const Delivery&) override { return nullptr; }

 private:
  std::shared_ptr<const Fd> queue_;
  What what_;
  uint32_t value_;
};

}  // namespace netloom
