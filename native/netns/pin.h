// A name that keeps a namespace alive: a file, and the namespace mounted on it, as `ip netns` does it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/directory_entry.h"
#include "base/failure.h"
#include "base/fd.h"
#include "base/identity.h"
#include "netns/namespace_file.h"

namespace netloom {

// Unpins when destroyed, unless disarmed: only its own namespace, for somebody may have deleted that meanwhile and
// given the path to another one. Whoever holds a pin keeps a descriptor of the namespace for longer: the kernel may
// give its inode to another one otherwise, and that be taken for it.
class Pin {
 public:
  Pin() = default;
  Pin(Pin&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        entry_(std::move(other.entry_)),
        file_(std::move(other.file_)),
        theirs_(other.theirs_),
        pinned_(std::exchange(other.pinned_, {})) {}
  Pin& operator=(Pin&& other) noexcept;
  ~Pin() { undo(); }

  void disarm() { path_.clear(); }
  explicit operator bool() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

  // Takes `path` for a namespace, before that is created, so that a name which is taken costs nothing. What a process
  // left there that was killed is taken over.
  static Failure prepare(const std::string& path, Pin& pin);
  // Pins the namespace behind a descriptor there.
  Failure mount(int netns);
  // Detaches the mount and removes the file. With `expected`, only if it is still that namespace (ESTALE otherwise),
  // else only a network namespace. ENOENT for all that is no namespace, which stays. `unpinned` is what went; nothing
  // if that was a symbolic link to a pin.
  static Failure remove(const std::string& path, const Identity* expected, std::optional<Identity>& unpinned);

 private:
  Pin(std::string path, DirectoryEntry entry, Fd file, bool theirs)
      : path_(std::move(path)), entry_(std::move(entry)), file_(std::move(file)), theirs_(theirs) {}
  void undo();

  std::string path_;
  DirectoryEntry entry_;            // until something is mounted there
  Fd file_;                         // the same, and locked
  bool theirs_ = false;             // taken over from another program
  std::optional<Identity> pinned_;  // nothing: there is only the file
};

}  // namespace netloom
