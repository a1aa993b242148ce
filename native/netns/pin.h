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

// The directory of the last pin, which those that follow may be in as well: opened and shared once for all of them.
struct PinDirectory {
  DirectoryEntry entry;
  bool shared = false;
};

// Unpins when destroyed, unless disarmed. Only its own namespace: another program may have deleted that meanwhile and
// used the path for another one. The owner of a pin keeps a descriptor of the namespace for longer than the pin, else
// the kernel could reuse the inode, and another namespace would be taken for this one.
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

  // Reserves `path` before the namespace is created, so that none is created in vain where the name is taken. Takes
  // over a file that a killed process has left there.
  static Failure prepare(const std::string& path, PinDirectory& directory, Pin& pin);
  // Pins the namespace of a descriptor there.
  Failure mount(int netns, const Identity& identity);
  // Detaches the mount and removes the file. With `expected`, only if it is still that namespace (else ESTALE);
  // without, only if it is a network namespace. Leaves any other file, with ENOENT. `unpinned`: the namespace that was
  // pinned there; nothing if the path was a symbolic link to a pin. `entry` may be open in the same directory.
  static Failure remove(const std::string& path, const Identity* expected, std::optional<Identity>& unpinned,
                        DirectoryEntry& entry);

 private:
  Pin(std::string path, DirectoryEntry entry, Fd file, bool theirs)
      : path_(std::move(path)), entry_(std::move(entry)), file_(std::move(file)), theirs_(theirs) {}
  void undo();

  std::string path_;
  DirectoryEntry entry_;            // until something is mounted there
  Fd file_;                         // the same file, locked
  bool theirs_ = false;             // another program has made the file
  std::optional<Identity> pinned_;  // nothing: only the file exists
};

}  // namespace netloom
