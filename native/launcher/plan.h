// What the addon and its launcher tell each other: one message of the addon's, the plan, with descriptors; then
// reports. Both are built together, from this one file, so the layout needs no version.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/layout.h"

namespace netloom::launch {

// A message is a packet of a socket of AF_UNIX (SOCK_SEQPACKET), no larger than this.
inline constexpr uint32_t kLargestMessage = 128 * 1024;
// Of the namespaces that are joined: one of each kind, and the user namespace by which one may enter the network's.
inline constexpr uint32_t kMostJoined = 9;
// Joined namespaces, and three more.
inline constexpr uint32_t kMostDescriptors = kMostJoined + 3;

enum class Task : uint32_t {
  run = layout::launch_task::run,  // enters and makes namespaces, and executes the program of its arguments there
  make =
      layout::launch_task::make,  // makes namespaces and hands them back; with a pid namespace, its first process stays
  ask = layout::launch_task::ask,      // reads or changes what a namespace of its own kind says
  serve = layout::launch_task::serve,  // enters a user namespace, or makes it, and opens there what it is asked for,
                                       // until its socket closes
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
  int32_t made;  // CLONE_NEW… of the namespaces that are made
  uint32_t joined_count;
  // Kinds, CLONE_NEW…, of the namespaces that are joined, in this order. Their descriptors come first with the message;
  // behind them one of cgroup.procs (run, if has_cgroup) and the memory of a Report (run, with a filter of system
  // calls), or the lifeline and the memory of a MadePage (make, with a pid namespace).
  int32_t joined[kMostJoined];
  uint32_t has_cgroup;
  uint32_t uid;
  uint32_t gid;
  int32_t parent;         // run: the process that starts it
  uint64_t capabilities;  // a bit for each
  About about;            // ask
  uint32_t changes;       // ask: whether `host` or `domain` is the new one
  // Texts, each with a NUL behind it that does not count.
  Part uid_map;  // empty: one's own id as root; so of groups
  Part gid_map;
  Part host;
  Part domain;
  Part offsets;        // lines of /proc/PID/timens_offsets
  Part directory;      // where the program begins; empty: where its parent is
  Part etc_directory;  // what is in it is mounted over what is in /etc; empty: nothing
  Part mounts;         // of each: source, target, type, data, a NUL behind each, and the flags as a decimal number
  // Bytes.
  Part groups;   // uint32_t of each
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

// Where the kernel itself notes the first process of a pid namespace, so that it is known whatever becomes of who makes
// it.
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

// The answer. Of `run` there are an empty one at once, which tells the launcher's number by the credentials that the
// kernel adds, and a failure, or none: its socket closes when the program runs. Where a filter of system calls may be
// in the way of the failure, shared memory has it, too. `size` bytes of text follow.
struct Report {
  int32_t error;  // an errno, 0 for success
  Step step;
  int32_t value;
  uint32_t size;
};

// What a launcher that serves is asked for; the network namespace where that is comes first with the message, but for
// `create`. A path of `size` bytes follows.
enum class Open : uint32_t {
  create,   // a network namespace: [it, a netlink socket of NETLINK_ROUTE in it]
  socket,   // [a socket]
  file,     // [a file], below a second descriptor if there is one
  entries,  // of a directory, found in the same way: reports of struct linux_dirent64, the last one of none
  sysfs,    // [a sysfs that is mounted nowhere]
  control,  // an ioctl of a second descriptor with a number
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
