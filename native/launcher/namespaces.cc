// Joins existing namespaces, and makes others.
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

int setns(int fd, int kind) {
  return static_cast<int>(call(SYS_setns, fd, kind));
}

// A bit for each namespace that is still to be joined.
using Waiting = uint32_t;

// Joins the namespaces that are still to be joined, except user namespaces. Where the kernel refuses one, it is left
// for after the user namespace, if a user namespace is joined.
Failure join(const Work& work, Waiting& waiting, bool may_wait) {
  Waiting left = 0;
  for (uint32_t i = 0; i < work.plan.joined_count; ++i) {
    const int kind = work.plan.joined[i];
    if (kind == CLONE_NEWUSER || (waiting & (1U << i)) == 0) continue;
    const int result = setns(work.descriptors[i], kind);
    if (result == 0) continue;
    if (!may_wait || result != -EPERM) return failed(result, Step::setns);
    left |= 1U << i;
  }
  waiting = left;
  return {};
}

Failure join_user(const Work& work) {
  for (uint32_t i = 0; i < work.plan.joined_count; ++i) {
    if (work.plan.joined[i] != CLONE_NEWUSER) continue;
    if (const int result = setns(work.descriptors[i], CLONE_NEWUSER)) return failed(result, Step::setns);
  }
  return {};
}

int open_of(const Work& work, int pid, const char* name, int flags) {
  char path[64];
  append(append(print(path, pid), "/"), name);
  return open(work.proc, path, flags);
}

Failure write_file(const Work& work, int pid, const char* name, const char* text, Step step) {
  const int fd = open_of(work, pid, name, O_WRONLY);
  if (fd < 0) return failed(fd, Step::open);
  const long written = write(fd, text, length_of(text));
  close(fd);
  return failed(written, step);
}

// Runs newuidmap or newgidmap: its arguments are the process and the numbers of the map. Only from directories in PATH
// that are absolute.
Failure run_helper(const Work& work, const char* name, int pid, const char* map, Step step) {
  static char words[32 * 1024];
  static char* arguments[3 * 340 + 3];
  const int child = fork();
  if (child < 0) return failed(child, Step::clone);
  if (child != 0) {
    int status = 0;
    while (wait(child, &status, 0) == -EINTR) {
    }
    return status == 0 ? Failure{} : Failure{EPERM, step};
  }
  size_t count = 0;
  arguments[count++] = const_cast<char*>(name);
  arguments[count++] = words;
  char* at = print(words, pid) + 1;
  for (const char* from = map; *from != 0 && count < sizeof arguments / sizeof *arguments - 1;) {
    while (*from == ' ' || *from == '\n' || *from == '\t')
      ++from;
    if (*from == 0) break;
    arguments[count++] = at;
    while (*from != 0 && *from != ' ' && *from != '\n' && *from != '\t' && at < words + sizeof words - 1)
      *at++ = *from++;
    *at++ = 0;
  }
  const int null = open(AT_FDCWD, "/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd)
    call(SYS_dup3, null, fd, 0);
  close_range(3, ~0U, Fate::closed);
  const char* path = "/usr/bin:/bin";
  for (char** variable = work.environment; *variable; ++variable)
    if (__builtin_memcmp(*variable, "PATH=", 5) == 0) path = *variable + 5;
  static char place[4096];
  while (*path != 0) {
    size_t size = 0;
    while (path[size] != 0 && path[size] != ':')
      ++size;
    if (*path == '/' && size + 16 < sizeof place) {
      __builtin_memcpy(place, path, size);
      append(append(place + size, "/"), name);
      call(SYS_execve, place, arguments, work.environment);
    }
    path += size + (path[size] == ':' ? 1 : 0);
  }
  exit(127);
}

// Whether the map is of the caller's own id alone, which needs no privilege: if the kernel refuses that, newuidmap(1)
// cannot help.
bool is_own(const char* map) {
  int fields = 0;
  bool between = true;
  const char* last = map;
  for (const char* at = map; *at != 0; ++at) {
    const bool is_space = *at == ' ' || *at == '\n' || *at == '\t';
    if (between && !is_space) ++fields, last = at;
    between = is_space;
  }
  return fields == 3 && last[0] == '1' && (last[1] < '0' || last[1] > '9');
}

// Without a map, maps the caller's own id to root: its id as seen in the user namespace that this process has joined.
Failure write_map(const Work& work, int pid, const char* file, const char* helper, Part given, long own_id, Step own,
                  Step other) {
  char default_map[32];
  append(print(append(default_map, "0 "), own_id), " 1\n");
  const char* map = given.size == 0 ? default_map : work.text(given);
  const Failure failure = write_file(work, pid, file, map, own);
  if (failure.error != EPERM || !work.has(kHelpers) || is_own(map)) return failure;
  return run_helper(work, helper, pid, map, other);
}

Failure write_maps(const Work& work, int pid) {
  if (Failure failure = write_file(work, pid, "setgroups", "deny", Step::setgroups)) return failure;
  const Plan& plan = work.plan;
  if (Failure failure =
          write_map(work, pid, "uid_map", "newuidmap", plan.uid_map, call(SYS_geteuid), Step::uid_map, Step::newuidmap))
    return failure;
  return write_map(work, pid, "gid_map", "newgidmap", plan.gid_map, call(SYS_getegid), Step::gid_map, Step::newgidmap);
}

// The only process of a new user namespace, while its maps are written. Its files in /proc belong to the user only if
// it is dumpable, so it closes all other descriptors first.
[[noreturn]] void hold_user(int pair) {
  if (close_all_but(pair, -1) < 0) exit(127);
  prctl(PR_SET_DUMPABLE, 1);
  int result = static_cast<int>(call(SYS_unshare, CLONE_NEWUSER));
  write(pair, &result, sizeof result);
  char byte;
  read(pair, &byte, 1);
  exit(0);
}

}  // namespace

Failure make_user(const Work& work, int& user) {
  int pair[2];
  if (const long result = call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair); result < 0)
    return failed(result, Step::socket);
  const int pid = fork();
  if (pid == 0) hold_user(pair[1]);
  close(pair[1]);
  if (pid < 0) return close(pair[0]), failed(pid, Step::clone);
  int made = 0;
  const auto hold = [&]() -> Failure {
    if (read(pair[0], &made, sizeof made) != sizeof made) return Failure{EIO, Step::clone};
    if (made < 0) return failed(made, Step::unshare_user);
    if (Failure failure = write_maps(work, pid)) return failure;
    user = open_of(work, pid, "ns/user", O_RDONLY);
    return failed(user, Step::open);
  };
  const Failure failure = hold();
  close(pair[0]);
  reap(pid);
  return failure;
}

Failure enter(const Work& work) {
  const Plan& plan = work.plan;
  // First: the control group becomes the root of a new cgroup namespace, and later children inherit it.
  if (plan.has_cgroup != 0) {
    const long result = write(work.descriptors[plan.joined_count], "0", 1);
    if (result < 0) return failed(result, Step::cgroup);
  }
  const bool joins_user = work.joins(CLONE_NEWUSER);
  const bool makes_user = work.makes(CLONE_NEWUSER);
  Waiting waiting = (1U << plan.joined_count) - 1;
  // After the user namespace: the process that holds the new user namespace must not be forked into the pid namespace
  // of others.
  Waiting pids = 0;
  for (uint32_t i = 0; i < plan.joined_count; ++i)
    if (makes_user && plan.joined[i] == CLONE_NEWPID) pids |= 1U << i;
  waiting &= ~pids;
  if (Failure failure = join(work, waiting, joins_user)) return failure;
  // The mounts need capabilities over the network namespace, which joining a user namespace takes away, or gives.
  const bool waits = waiting != 0;
  if (work.has(kEtc) && !waits) {
    if (Failure failure = mount_like_ip_netns(work)) return failure;
  }
  if (Failure failure = join_user(work)) return failure;
  if (Failure failure = join(work, waiting, false)) return failure;
  if (work.has(kEtc) && waits) {
    if (Failure failure = mount_like_ip_netns(work)) return failure;
  }
  int user = -1;
  if (makes_user) {
    // Supplementary groups of the host would become other groups in the user namespace.
    call(SYS_setgroups, 0, nullptr);
    if (Failure failure = make_user(work, user)) return failure;
  }
  if (Failure failure = join(work, pids, false)) return failure;
  if (makes_user) {
    if (const int result = setns(user, CLONE_NEWUSER)) return failed(result, Step::setns);
    close(user);
  }
  // For the mounts of `ip netns exec` a mount namespace was made already; a user namespace needs one that it owns.
  int left = plan.made & ~CLONE_NEWUSER;
  if (work.has(kEtc) && !makes_user) left &= ~CLONE_NEWNS;
  return left == 0 ? Failure{} : failed(call(SYS_unshare, left), Step::unshare);
}

Failure open_namespace(const Work& work, const char* name, int& opened) {
  char path[64];
  append(append(path, "self/ns/"), name);
  opened = open(work.proc, path, O_RDONLY);
  return failed(opened, Step::open);
}

}  // namespace netloom::launch
