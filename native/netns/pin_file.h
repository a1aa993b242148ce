// The file that a namespace is mounted on, before it is and afterwards.
//
// A process that is killed after it has made the file and before it mounts the namespace leaves the file. Such a file
// must not block its name for ever, and a file whose maker is still running must not be taken over. So we hold a lock
// on the file until the mount, which the kernel releases if the process dies, and mark the file as ours by its mode.
// Other programs hold no lock: iproute2 makes the file, then the namespace, then the mount, within some milliseconds,
// so the maker of an older file has ended. If it takes longer, it is waiting for the kernel's rtnl lock; our creation
// waits for the same lock and after it, so we check again once our namespace exists. A process owns the name once it
// has the lock and the path still leads to this very file.
#pragma once

#include <string>
#include <vector>

#include "base/directory_entry.h"
#include "base/failure.h"
#include "base/fd.h"

namespace netloom {

// Another program uses the name.
inline constexpr Failure kNameTaken{EEXIST, "open"};

// Whether `file`, to which the path leads, is the file of a name without a namespace: not yet mounted, or unmounted.
bool is_pin_file(const std::string& path, int file);

// Makes the file, or takes over one whose maker has ended. It is locked until it is closed. `theirs`: another program
// has made it.
Failure take_pin_file(const std::string& path, const DirectoryEntry& entry, Fd& taken, bool& theirs);

// Removes the file of a name on which nothing is mounted (any more). ENOENT, and removes nothing, if it is another
// file, or another process has taken it over.
Failure remove_pin_file(const DirectoryEntry& entry);

// The names in a directory that are files without a mount, whose makers have ended.
Failure list_leftovers(const std::string& directory, std::vector<std::string>& found);

}  // namespace netloom
