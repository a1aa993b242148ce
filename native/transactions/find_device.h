// The index of a device, by a name of it.
#pragma once

#include <cstdint>
#include <string>

#include "base/failure.h"
#include "netns/namespace.h"

namespace netloom {

// ALTIFNAMSIZ of linux/if.h: a further name of a device, with its NUL.
inline constexpr size_t kLongestDeviceName = 128;

// ENODEV if the namespace has no device of that name. A socket of `protocol` is used, for it is open mostly.
Failure find_device(ThreadHome& thread, Namespace& netns, int protocol, const std::string& name, int32_t& index);

}  // namespace netloom
