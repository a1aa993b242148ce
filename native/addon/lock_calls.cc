// Functions for locks of files, which the kernel releases when the process ends, however it ends.
#include <fcntl.h>
#include <sys/file.h>

#include "addon/addon.h"
#include "base/fd.h"
#include "node/arguments.h"
#include "node/values.h"

namespace netloom {

// The environment keeps the descriptor until it is taken: when a Worker is terminated, its lock is released.
Napi::Value NetloomAddon::LockFile(Info info) {
  const auto path = text(info[0]);
  if (!path) return malformed(info.Env());
  Fd fd(::open(path->c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return Ended(info, failed("open"));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return Ended(info, failed("flock"));
  return Ended(info, {}, make_number(info.Env(), static_cast<double>(environment_.keep(std::move(fd)))));
}

}  // namespace netloom
