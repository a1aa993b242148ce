// A name that keeps a namespace alive: a file, and the namespace mounted on it, as `ip netns` does it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"
#include "fd.h"
#include "job.h"

namespace netloom {

// Unpins when destroyed, unless disarmed: only its own namespace, for somebody may have deleted that meanwhile and
// given the path to another one.
class Pin {
 public:
  Pin() = default;
  Pin(Pin&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        file_(std::move(other.file_)),
        theirs_(other.theirs_),
        pinned_(std::exchange(other.pinned_, {})) {}
  Pin& operator=(Pin&& other) noexcept;
  ~Pin() { undo(); }

  void disarm() { path_.clear(); }
  explicit operator bool() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

  // Takes `path` for a namespace, before that is created, so that a name which is taken costs
  // nothing. What a process left there that was killed is taken over. `shared`: the mount that the caller knows to be
  // shared with other mount namespaces, or 0.
  static Failure prepare(const std::string& path, uint64_t& shared, Pin& pin);
  // Pins the namespace behind a descriptor there.
  Failure mount(int netns);
  // Detaches the mount and removes the file. With `expected`, only if it is still that namespace (ESTALE otherwise).
  static Failure remove(const std::string& path, const Identity* expected);

 private:
  Pin(std::string path, Fd file, bool theirs) : path_(std::move(path)), file_(std::move(file)), theirs_(theirs) {}
  void undo();

  std::string path_;
  Fd file_;                         // locked, until something is mounted on it
  bool theirs_ = false;             // taken over from another program
  std::optional<Identity> pinned_;  // nothing: there is only the file
};

Failure identify(int fd, Identity& identity);

// The names in a directory that are files on which nobody has mounted anything, nor is likely to do so any more.
Failure list_leftovers(const std::string& directory, std::vector<std::string>& found);

}  // namespace netloom
