// A name in a directory. The directory is opened once, so that a process which replaces a part of the path afterwards
// cannot redirect us to another directory.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <memory>
#include <string>

#include "base/failure.h"
#include "base/fd.h"
#include "base/identity.h"

namespace netloom {

class DirectoryEntry {
 public:
  // An entry that was open in the same directory keeps that open.
  static Failure open(const std::string& path, DirectoryEntry& entry);

  // Opens the file of that name with O_PATH; does not follow a symbolic link.
  Fd open_path() const { return Fd(::openat(directory(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)); }
  // The same, but follows a symbolic link.
  Fd open_target() const { return Fd(::openat(directory(), name_.c_str(), O_PATH | O_CLOEXEC)); }
  // Creates a file; fails if the name exists, also as a symbolic link.
  Fd create(mode_t mode) const;
  // Whether the name leads to this very file: not to another one, nor to a mount on it.
  bool leads_to(int fd) const;
  Failure unlink() const;

 private:
  // Copies of an entry share it.
  struct Directory {
    std::string path;
    Fd fd;
  };
  int directory() const { return directory_ ? directory_->fd.get() : -1; }

  std::shared_ptr<const Directory> directory_;
  std::string name_;
};

// Whether a path leads to this very file or namespace: not to another one, nor to a mount on it.
bool leads_to(const std::string& path, const Identity& identity);
// The path of a descriptor, for system calls that take only a path.
std::string path_of_descriptor(int fd);
// Opens a descriptor of O_PATH again, for reading.
Fd reopen(int file);

}  // namespace netloom
