// A name in a directory. The directory is opened once: whoever replaces a part of the path afterwards, in a directory
// that others may write too, does not lead us elsewhere.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>

#include "base/failure.h"
#include "base/fd.h"

namespace netloom {

class DirectoryEntry {
 public:
  static Failure open(const std::string& path, DirectoryEntry& entry);

  explicit operator bool() const { return static_cast<bool>(directory_); }
  // Opens with O_PATH what has the name now; a symbolic link is not followed.
  Fd open_path() const { return Fd(::openat(directory_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)); }
  // The same, and follows a symbolic link.
  Fd open_target() const { return Fd(::openat(directory_.get(), name_.c_str(), O_PATH | O_CLOEXEC)); }
  // Creates a file; fails if something has the name, also a symbolic link.
  Fd create(mode_t mode) const;
  // Whether this very file has the name: not another one, nor what is mounted on it.
  bool leads_to(int fd) const;
  Failure unlink() const;

 private:
  Fd directory_;
  std::string name_;
};

// The path of a descriptor, for calls that take nothing else.
std::string path_of_descriptor(int fd);
// Opens for reading what was opened with O_PATH.
Fd reopen(int file);

}  // namespace netloom
