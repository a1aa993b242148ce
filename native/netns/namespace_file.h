// The kernel's files for namespaces (nsfs): recognized, opened, identified.
#pragma once

#include <string>

#include "base/failure.h"
#include "base/fd.h"
#include "base/identity.h"

namespace netloom {

// Device and inode. The kernel reuses the inode as soon as nothing refers to this namespace.
Failure identify(int fd, Identity& identity);
// Whether it is the file of a namespace, of any kind.
bool is_namespace(int fd);
// Checks that it is a namespace of kind `wanted`, a flag of clone(2); else EINVAL, as setns(2). 0 is replaced by the
// kind that it is.
Failure tell_kind(int fd, int& wanted);
// Opens a path only if it leads to a namespace, of any kind: to open a device or a fifo could block or have effects.
// ENOENT for a name on which no namespace is mounted yet, or none any more; EINVAL for any other file.
Failure open_namespace_file(const std::string& path, Fd& fd);

}  // namespace netloom
