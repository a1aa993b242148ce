// The protocol between the addon and its launcher: the addon sends one message, the plan, with descriptors; then the
// launcher sends reports. Both are built together, from this one file, so the layout needs no version.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/layout.h"

namespace netloom::launch {

// A message is a packet of a socket of AF_UNIX (SOCK_SEQPACKET), no larger than this.
inline constexpr uint32_t kLargestMessage = layout::launch_message::largest;
// Namespaces that are joined: one of each kind, and the owning user namespace, through which an unprivileged process
// may enter the network namespace.
inline constexpr uint32_t kMostJoined = 9;
// Those of the joined namespaces, and three more.
inline constexpr uint32_t kMostDescriptors = kMostJoined + 3;

enum class Task : uint32_t {
  run = layout::launch_task::run,  // enters and makes namespaces, and executes the program of its arguments there
  make =
      layout::launch_task::make,  // makes namespaces and hands them back; with a pid namespace, its first process stays
  ask = layout::launch_task::ask,      // reads or changes the names or the offsets of a namespace (About)
  serve = layout::launch_task::serve,  // enters a user namespace, or makes it, and answers requests to open files and
                                       // sockets there, until its socket closes
};

enum Flag : uint32_t {
  kUid = layout::launch_flag::uid,
  kGid = layout::launch_flag::gid,
  kGroups = layout::launch_flag::groups,
  kEtc = layout::launch_flag::etc,
  kDieWithParent = layout::launch_flag::die_with_parent,
  kCapabilities = layout::launch_flag::capabilities,
  kNoNewPrivileges = layout::launch_flag::no_new_privileges,
  kHelpers = layout::launch_flag::helpers,
};

enum class About : uint32_t {
  host = layout::launch_about::host,
  domain = layout::launch_about::domain,
  offsets = layout::launch_about::offsets,
};

// A part of the message behind the plan.
struct Part {
  uint32_t offset;
  uint32_t size;
};

struct Plan {
  Task task;
  uint32_t flags;
  int32_t made;  // CLONE_NEW… flags of the namespaces that it makes
  uint32_t joined_count;
  // Kinds, CLONE_NEW…, of the namespaces that it joins, in this order. The message has their descriptors first; then
  // those of cgroup.procs (run, if has_cgroup) and of the memory of a Report (run, with a seccomp filter), or of the
  // lifeline and of the memory of a MadePage (make, with a pid namespace).
  int32_t joined[kMostJoined];
  uint32_t has_cgroup;
  uint32_t uid;
  uint32_t gid;
  int32_t parent;         // run: the process that starts it
  uint64_t capabilities;  // a bit for each
  About about;            // ask
  uint32_t changes;       // ask: whether `host` or `domain` is the new one
  // Texts, each followed by a NUL that its size does not count.
  Part uid_map;  // empty: the caller's own id as root; the same for gid_map
  Part gid_map;
  Part host;
  Part domain;
  Part offsets;        // lines of /proc/PID/timens_offsets
  Part directory;      // the program's current directory; empty: its parent's
  Part etc_directory;  // its files are mounted over those of /etc; empty: none are
  Part mounts;  // for each: source, target, type, data, with a NUL behind each, and the flags as a decimal number
  // Bytes.
  Part groups;   // a uint32_t for each
  Part seccomp;  // a program of struct sock_filter
};

// lib/native/launch_plan.ts writes it by these numbers.
#define NETLOOM_AT(member, word) static_assert(offsetof(Plan, member) == 4 * layout::launch_plan::word)
NETLOOM_AT(task, task);
NETLOOM_AT(flags, flags);
NETLOOM_AT(made, made);
NETLOOM_AT(uid, uid);
NETLOOM_AT(gid, gid);
NETLOOM_AT(capabilities, capabilities);
NETLOOM_AT(about, about);
NETLOOM_AT(changes, changes);
NETLOOM_AT(uid_map, uid_map);
NETLOOM_AT(gid_map, gid_map);
NETLOOM_AT(host, host);
NETLOOM_AT(domain, domain);
NETLOOM_AT(offsets, offsets);
NETLOOM_AT(directory, directory);
NETLOOM_AT(etc_directory, etc_directory);
NETLOOM_AT(mounts, mounts);
NETLOOM_AT(groups, groups);
NETLOOM_AT(seccomp, seccomp);
#undef NETLOOM_AT
static_assert(sizeof(Plan) == 4 * layout::launch_plan::size);

// Shared memory in which the kernel itself notes the pid of the first process of a pid namespace (CLONE_PARENT_SETTID),
// so that it is known even if the launcher is killed.
struct MadePage {
  int32_t first;
};

// Which system call, or step of several, failed; or `none`.
enum class Step : uint32_t {
  none,
  open,
  read,
  write,
  socket,
  clone,
  setns,
  unshare,
  unshare_user,
  mount,
  umount,
  setgroups,
  uid_map,
  gid_map,
  newuidmap,
  newgidmap,
  sethostname,
  setdomainname,
  uname,
  chdir,
  setgid,
  setuid,
  capset,
  prctl,
  seccomp,
  execve,
  fsopen,
  fsconfig,
  fsmount,
  openat2,
  getdents,
  ioctl,
  cgroup,
  launch,
  mmap,
  pipe,
  close_range,
  recvmsg,
  ppoll,
  execve_denied,
  execve_killed,
};
inline constexpr const char* kSteps[] = {
    nullptr,
    "open",
    "read",
    "write",
    "socket",
    "clone",
    "setns",
    "unshare",
    "unshare (CLONE_NEWUSER)",
    "mount",
    "umount",
    "setgroups",
    "uid_map",
    "gid_map",
    "newuidmap",
    "newgidmap",
    "sethostname",
    "setdomainname",
    "uname",
    "chdir",
    "setgid",
    "setuid",
    "capset",
    "prctl",
    "seccomp",
    "execve",
    "fsopen",
    "fsconfig",
    "fsmount",
    "openat2",
    "getdents64",
    "ioctl",
    "cgroup.procs",
    "launch",
    "mmap",
    "pipe",
    "close_range",
    "recvmsg",
    "ppoll",
    "execve (denied by the seccomp filter)",
    "execve (the seccomp filter kills)",
};
inline const char* name_of(Step step) {
  constexpr auto count = sizeof kSteps / sizeof *kSteps;
  return static_cast<uint32_t>(step) < count ? kSteps[static_cast<uint32_t>(step)] : nullptr;
}

// The answer. A launcher that runs a program sends an empty report at once, whose credentials (SO_PASSCRED) have its
// pid; then one with a failure, or none: its socket closes when the program is executed. Where a seccomp filter may
// deny sendmsg(2), it also writes the failure to shared memory. `size` bytes of text follow.
struct Report {
  int32_t error;  // an errno, 0 for success
  Step step;
  int32_t value;
  uint32_t size;
};

// A request to a launcher that serves. Except for `create`, the first descriptor of the message is the network
// namespace in which it opens something. A path of `size` bytes follows. In brackets: the descriptors of the answer.
enum class Open : uint32_t {
  create,   // creates a network namespace: [it, a netlink socket of NETLINK_ROUTE in it]
  socket,   // [a socket]
  file,     // [a file], relative to the second descriptor if there is one
  entries,  // lists a directory, found in the same way: reports of struct linux_dirent64, the last one empty
  sysfs,    // [a sysfs that is not attached to a mount point]
  control,  // ioctl(2) on the second descriptor, with a number
};

struct Request {
  Open what;
  int32_t family;
  int32_t type;
  int32_t protocol;
  uint64_t flags;    // of openat2(2); the request of ioctl(2)
  uint64_t resolve;  // of openat2(2); the number of ioctl(2)
  uint32_t size;
};

}  // namespace netloom::launch
