// A name in a directory. The directory is opened once, so that a process which replaces a part of the path afterwards
// cannot redirect us to another directory.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>

#include "base/failure.h"
#include "base/fd.h"

namespace netloom {

class DirectoryEntry {
 public:
  // An entry that was open in the same directory keeps that open.
  static Failure open(const std::string& path, DirectoryEntry& entry);

  explicit operator bool() const { return static_cast<bool>(directory_); }
  // Opens the file of that name with O_PATH; does not follow a symbolic link.
  Fd open_path() const { return Fd(::openat(directory_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)); }
  // The same, but follows a symbolic link.
  Fd open_target() const { return Fd(::openat(directory_.get(), name_.c_str(), O_PATH | O_CLOEXEC)); }
  // Creates a file; fails if the name exists, also as a symbolic link.
  Fd create(mode_t mode) const;
  // Whether the name leads to this very file: not to another one, nor to a mount on it.
  bool leads_to(int fd) const;
  Failure unlink() const;

 private:
  Fd directory_;
  std::string path_;  // of the directory
  std::string name_;
};

// The path of a descriptor, for system calls that take only a path.
std::string path_of_descriptor(int fd);
// Opens a descriptor of O_PATH again, for reading.
Fd reopen(int file);

}  // namespace netloom
