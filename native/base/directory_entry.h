// A name in a directory. The directory is opened once: whoever replaces a part of the path afterwards, in a directory
// that others may write too, does not lead us elsewhere.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>

#include "base/failure.h"
#include "base/fd.h"

namespace netloom {

class Place {
 public:
  static Failure open(const std::string& path, Place& place);

  explicit operator bool() const { return static_cast<bool>(directory_); }
  // What stands there now, opened without being used. Symbolic links are not followed.
  Fd look() const { return Fd(::openat(directory_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)); }
  // The same, where a symbolic link is followed.
  Fd follow() const { return Fd(::openat(directory_.get(), name_.c_str(), O_PATH | O_CLOEXEC)); }
  // A file that was not there before, nor a link in its place.
  Fd create(mode_t mode) const;
  // Whether this very file stands there: not another one, nor what is mounted on it.
  bool leads_to(int fd) const;
  Failure unlink() const;

 private:
  Fd directory_;
  std::string name_;
};

// The path of a descriptor, for calls that take nothing else.
std::string path_of_descriptor(int fd);
// Opens for use what was opened as a place.
Fd reopen(int place);

}  // namespace netloom
