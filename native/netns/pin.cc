#include "netns/pin.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "netns/names_directory.h"
#include "netns/pin_file.h"

namespace netloom {
namespace {

constexpr timespec kTurn{0, 20'000'000};  // for another program to mount, which waited for the rtnl lock before us
constexpr int kMostTries = 20;            // while others mount and unmount the same name

// A detached mount of a namespace: open_tree(2), since Linux 5.2, which not every C library has.
Fd loose_mount(int netns) {
  constexpr unsigned kClone = 1;  // OPEN_TREE_CLONE
  return Fd(static_cast<int>(::syscall(SYS_open_tree, netns, "", kClone | O_CLOEXEC | AT_EMPTY_PATH)));
}

// Mounts it on the file of a descriptor, whatever the file's path leads to by now.
bool attach(int loose, int file) {
  constexpr unsigned kBothByDescriptor = 0x04 | 0x40;  // MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH
  return ::syscall(SYS_move_mount, loose, "", file, "", kBothByDescriptor) == 0;
}

// Unmounts the mount that the descriptor was opened on, whatever its path leads to by now.
bool detach(int file) {
  return ::umount2(path_of_descriptor(file).c_str(), MNT_DETACH) == 0;
}

// Fails unless the file is the namespace that is to be unpinned.
Failure check(int file, const Identity* expected, Identity& found) {
  if (!is_namespace(file)) return Failure{ENOENT, "fstatfs"};
  if (Failure failure = identify(file, found)) return failure;
  if (expected) return found == *expected ? Failure{} : Failure{ESTALE, "umount2"};
  const Fd opened = reopen(file);
  if (!opened) return failed("open");
  int kind = CLONE_NEWNET;
  return tell_kind(opened.get(), kind) ? Failure{ENOENT, "ioctl"} : Failure{};
}

// Removes a symbolic link to a pin, and leaves the pin.
Failure remove_link(const DirectoryEntry& entry, const Identity* expected) {
  const Fd behind = entry.open_target();
  if (!behind) return failed("open");
  Identity found;
  if (Failure failure = check(behind.get(), expected, found)) return failure;
  return entry.unlink();
}

bool is_link(int file) {
  struct stat status;
  return ::fstat(file, &status) == 0 && S_ISLNK(status.st_mode);
}

Failure remove_at(const DirectoryEntry& entry, const Identity* expected, std::optional<Identity>& unpinned) {
  for (int tries = kMostTries;; --tries) {
    const Fd there = entry.open_path();
    if (!there) return failed("open");
    if (is_link(there.get())) return remove_link(entry, expected);
    Identity found;
    if (Failure failure = check(there.get(), expected, found)) return failure;
    if (detach(there.get())) {
      unpinned = found;
      // ENOENT, EBUSY: another program has already removed or used the name again.
      const Failure failure = remove_pin_file(entry);
      return failure.error == ENOENT || failure.error == EBUSY ? Failure{} : failure;
    }
    // EINVAL: another program has unmounted it meanwhile, and perhaps mounted another namespace.
    if (errno != EINVAL || tries == 0) return failed("umount2");
  }
}

// Without a descriptor, where none is left. Only in a directory that no other user may write: each call looks the path
// up again.
Failure remove_by_path(const std::string& path, const Identity& expected) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) return failed("stat");
  if (Identity{found.st_dev, found.st_ino} != expected) return Failure{ESTALE, "umount2"};
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return failed("umount2");
  return ::unlink(path.c_str()) == 0 || errno == ENOENT || errno == EBUSY ? Failure{} : failed("unlink");
}

}  // namespace

Pin& Pin::operator=(Pin&& other) noexcept {
  if (this != &other) {
    undo();
    path_ = std::exchange(other.path_, {});
    entry_ = std::move(other.entry_);
    file_ = std::move(other.file_);
    theirs_ = other.theirs_;
    pinned_ = std::exchange(other.pinned_, {});
  }
  return *this;
}

void Pin::undo() {
  if (path_.empty()) return;
  std::optional<Identity> unpinned;
  if (pinned_) {
    DirectoryEntry entry;
    (void)remove(path_, &*pinned_, unpinned, entry);
  } else if (entry_.leads_to(file_.get())) {
    (void)entry_.unlink();
  }
}

Failure Pin::prepare(const std::string& path, PinDirectory& directory, Pin& pin) {
  if (in_names_directory(path) && !directory.shared) {
    if (Failure failure = share_names_directory()) return failure;
    directory.shared = true;
  }
  if (Failure failure = DirectoryEntry::open(path, directory.entry)) return failure;
  Fd file;
  bool theirs = false;
  if (Failure failure = take_pin_file(path, directory.entry, file, theirs)) return failure;
  pin = Pin(path, directory.entry, std::move(file), theirs);
  return {};
}

Failure Pin::mount(int netns, const Identity& identity) {
  if (theirs_) {
    ::nanosleep(&kTurn, nullptr);
    if (!entry_.leads_to(file_.get())) return kNameTaken;
  }
  const Fd loose = loose_mount(netns);
  if (!loose) return failed("open_tree");
  if (!attach(loose.get(), file_.get())) return failed("move_mount");
  // A process that may write in the directory, or in one above it, may have moved the file meanwhile, with the mount.
  // Or somebody has unmounted the directory.
  if (!leads_to(path_, identity)) {
    (void)detach(loose.get());
    return kNameTaken;
  }
  pinned_ = identity;
  file_.reset();
  entry_ = DirectoryEntry();
  return {};
}

Failure Pin::remove(const std::string& path, const Identity* expected, std::optional<Identity>& unpinned,
                    DirectoryEntry& entry) {
  Failure failure = DirectoryEntry::open(path, entry);
  if (!failure) failure = remove_at(entry, expected, unpinned);
  if (is_out_of_descriptors(failure.error) && expected && in_names_directory(path) && !unpinned)
    return remove_by_path(path, *expected);
  return failure;
}

}  // namespace netloom
