// Memory for one received datagram, for one thread: its sockets share it, one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace netloom {

class ReceiveBuffer {
 public:
  // The kernel fills 32 KiB of a datagram with messages, unless one message alone is longer: a device with many names,
  // source addresses or virtual functions. An attribute has at most 64 KiB, and no message has a hundred such. Only
  // what is written to takes memory.
  static constexpr size_t kSize = 8 * 1024 * 1024;

  // Its contents hold until the next datagram is received.
  uint8_t* data() {
    if (!bytes_) bytes_ = std::make_unique_for_overwrite<uint8_t[]>(kSize);
    return bytes_.get();
  }

  // Gives memory back if the datagram, of so many bytes, took more than most do.
  void shrink_after(size_t datagram) {
    if (datagram > kUsualDatagram) bytes_.reset();
  }

 private:
  static constexpr size_t kUsualDatagram = 32 * 1024;

  std::unique_ptr<uint8_t[]> bytes_;
};

}  // namespace netloom
