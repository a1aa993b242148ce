// Files of the kernel's that stand for namespaces (nsfs): told from others, opened, identified.
#pragma once

#include <string>

#include "base/failure.h"
#include "base/fd.h"
#include "base/identity.h"

namespace netloom {

// Device and inode. An inode is given to another namespace as soon as nothing holds this one.
Failure identify(int fd, Identity& identity);
// Whether it is the file of a namespace, of whatever kind.
bool is_namespace(int fd);
// EINVAL for what is no namespace of this kind, a flag of clone(2): the same errno as setns(2). With 0 tells which kind
// it is.
Failure tell_kind(int fd, int& wanted);
// Opens a path only if a namespace, of whatever kind, is behind it: opening a device or a fifo by mistake would have
// effects or block. ENOENT for a name that has no namespace yet, or none any more; EINVAL for something else.
Failure open_namespace_file(const std::string& path, Fd& fd);

}  // namespace netloom
