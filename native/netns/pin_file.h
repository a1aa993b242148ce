// The file that a namespace is mounted on, before it is and afterwards.
//
// Between the file and the mount is a moment, and a process that is killed in it leaves the file. Whether somebody is
// in that moment has to be known, so that the file of nobody does not block its name for ever, and nobody's name is
// taken from him. We hold a lock on the file all the while, which goes with the process; and mark the file as one of
// ours by its mode. Others hold none: iproute2 makes the file, then the namespace, then the mount, which takes some
// milliseconds, so an old file is nobody's. Where it takes longer, the kernel's rtnl lock is what holds it up; as ours
// has to wait for that as well, and came later, we look again once we have had our turn. Whoever gets the lock, and
// sees that the path still leads to this very file, has the name.
#pragma once

#include <string>
#include <vector>

#include "base/directory_entry.h"
#include "base/failure.h"
#include "base/fd.h"

namespace netloom {

// What has the name is somebody else's.
inline constexpr Failure kNameTaken{EEXIST, "open"};

// Whether this, which the path leads to, is the file of a name that has no namespace: yet, or any more.
bool is_pin_file(const std::string& path, int file);

// Makes the file, or takes over one that somebody left. It is locked until it is closed. `theirs`: it was made by
// another program.
Failure take_pin_file(const std::string& path, const DirectoryEntry& entry, Fd& taken, bool& theirs);

// Removes the file of a name that is no mount (any more). ENOENT, and nothing is removed, if it is something else, or
// somebody has taken it over.
Failure remove_pin_file(const DirectoryEntry& entry);

// The names in a directory that are files on which nobody has mounted anything, nor is likely to do so any more.
Failure list_leftovers(const std::string& directory, std::vector<std::string>& found);

}  // namespace netloom
