// The last steps of a process, and the program that it becomes.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "launcher/tasks.h"

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_RAISE 2
#endif

namespace netloom::launch {
namespace {

constexpr int kLastCapability = 63;

// setuid(2) to a user that is not root clears the capabilities; `keep_capabilities` sets them again.
Failure drop_capabilities(const Work& work) {
  if (!work.has(kCapabilities)) return {};
  for (int one = 0; one <= kLastCapability; ++one) {
    if ((work.plan.capabilities & (1ULL << one)) != 0) continue;
    const long result = prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(one));
    if (result == -EINVAL) break;  // beyond the kernel's last capability
    if (result < 0) return failed(result, Step::prctl);
  }
  return failed(prctl(PR_SET_KEEPCAPS, 1), Step::prctl);
}

Failure keep_capabilities(const Work& work) {
  if (!work.has(kCapabilities)) return {};
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2];
  for (int half = 0; half < 2; ++half) {
    const auto bits = static_cast<uint32_t>(work.plan.capabilities >> (32 * half));
    sets[half] = {bits, bits, bits};
  }
  if (const long result = call(SYS_capset, &header, sets); result < 0) return failed(result, Step::capset);
  for (int one = 0; one <= kLastCapability; ++one) {
    if ((work.plan.capabilities & (1ULL << one)) == 0) continue;
    const long result = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, static_cast<unsigned long>(one));
    if (result < 0) return failed(result, Step::prctl);
  }
  return {};
}

Failure change_user(const Work& work) {
  const Plan& plan = work.plan;
  if (work.has(kGroups)) {
    const long result = call(SYS_setgroups, plan.groups.size / sizeof(uint32_t), work.text(plan.groups));
    if (result < 0) return failed(result, Step::setgroups);
  } else if (work.has(kUid) || work.has(kGid)) {
    call(SYS_setgroups, 0, nullptr);
  }
  if (Failure failure = drop_capabilities(work)) return failure;
  if (work.has(kGid)) {
    if (const long result = call(SYS_setgid, plan.gid); result < 0) return failed(result, Step::setgid);
  }
  if (work.has(kUid)) {
    if (const long result = call(SYS_setuid, plan.uid); result < 0) return failed(result, Step::setuid);
  }
  return keep_capabilities(work);
}

// Whether the filter lets a process execute a program. It may kill the process that tries, which then reports nothing,
// so a child tries: with an empty path the kernel executes nothing.
Failure try_filter(const sock_fprog& filter, Report& told) {
  const int child = fork();
  // Without this test only the error is less clear.
  if (child < 0) return {};
  if (child == 0) {
    const long result =
        call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? -ENOENT : call(SYS_execve, "", nullptr, nullptr);
    told.error = result < 0 ? static_cast<int>(-result) : EPERM;
    told.value = 1;
    exit(0);
  }
  reap(child);
  const Report tried = told;
  told = {};
  if (tried.value == 0) return Failure{EPERM, Step::execve_killed};
  return tried.error == ENOENT ? Failure{} : Failure{tried.error, Step::execve_denied};
}

// With a filter, which may deny the system calls that a report takes, sets `told` to shared memory, which the addon
// reads once the socket is closed.
Failure restrict(const Work& work, Report*& told) {
  const Part program = work.plan.seccomp;
  if (work.has(kNoNewPrivileges) || program.size != 0) {
    if (const long result = prctl(PR_SET_NO_NEW_PRIVS, 1); result < 0) return failed(result, Step::prctl);
  }
  if (program.size == 0) return {};
  const int memory = work.descriptors[work.plan.joined_count + work.plan.has_cgroup];
  const long page = call(SYS_mmap, nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (page < 0) return failed(page, Step::mmap);
  told = reinterpret_cast<Report*>(page);
  const sock_fprog filter{static_cast<unsigned short>(program.size / sizeof(sock_filter)),
                          reinterpret_cast<sock_filter*>(const_cast<char*>(work.text(program)))};
  if (Failure failure = try_filter(filter, *told)) return failure;
  return failed(call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), Step::seccomp);
}

// As libuv does: execvp(3), with the PATH of the new program.
Failure execute(const Work& work) {
  char** arguments = work.arguments;
  char* file = arguments[2];
  arguments[2] = arguments[0];
  const auto try_at = [&](char* place) {
    const long result = call(SYS_execve, place, arguments + 2, work.environment);
    if (result != -ENOEXEC) return result;
    // A file without the name of an interpreter is a shell script.
    static char shell[] = "/bin/sh";
    char* first = arguments[2];
    arguments[1] = shell;
    arguments[2] = place;
    (void)call(SYS_execve, shell, arguments + 1, work.environment);
    arguments[2] = first;
    return result;
  };
  bool has_slash = *file == 0;
  for (const char* at = file; *at != 0; ++at)
    has_slash = has_slash || *at == '/';
  if (has_slash) return failed(try_at(file), Step::execve);
  const char* path = "/bin:/usr/bin";
  for (char** variable = work.environment; *variable; ++variable) {
    const char* name = "PATH=";
    const char* at = *variable;
    while (*name != 0 && *at == *name)
      ++at, ++name;
    if (*name != 0) continue;
    path = at;
    break;
  }
  static char place[4096];
  const size_t length = length_of(file);
  int error = ENOENT;
  while (true) {
    size_t size = 0;
    while (path[size] != 0 && path[size] != ':')
      ++size;
    if (size + length + 2 <= sizeof place) {
      __builtin_memcpy(place, path, size);
      if (size != 0) place[size] = '/';
      append(place + size + (size != 0 ? 1 : 0), file);
      const long result = try_at(place);
      // As execvp(3): continues with the next directory; EACCES is reported if no other directory has the program.
      if (result == -EACCES) error = EACCES;
      const bool goes_on = result == -EACCES || result == -ENOENT || result == -ENOTDIR || result == -ESTALE ||
                           result == -ENODEV || result == -ETIMEDOUT;
      if (!goes_on) return failed(result, Step::execve);
    }
    if (path[size] == 0) return Failure{error, Step::execve};
    path += size + 1;
  }
}

// Whether the other end of the socket is closed.
bool is_alone(int socket) {
  pollfd other{socket, 0, 0};
  const timespec none{};
  return call(SYS_ppoll, &other, 1, &none, nullptr, 0) > 0 && (other.revents & POLLHUP) != 0;
}

Failure prepare(const Work& work, int errors, Report*& told) {
  const bool slave = work.makes(CLONE_NEWNS) && (work.makes(CLONE_NEWUSER) || !work.has(kEtc));
  if (Failure failure = settle(work, slave)) return failure;
  const char* directory = work.text(work.plan.directory);
  if (*directory != 0) {
    if (const long result = call(SYS_chdir, directory); result < 0) return failed(result, Step::chdir);
  }
  if (Failure failure = change_user(work)) return failure;
  const bool is_watched = work.makes(CLONE_NEWPID) || work.joins(CLONE_NEWPID);
  // After the change of user, which resets it. Under a monitor this is the monitor's child, and the monitor itself dies
  // with the thread that has started it.
  if (work.has(kDieWithParent) || is_watched) {
    if (const long result = prctl(PR_SET_PDEATHSIG, SIGKILL); result < 0) return failed(result, Step::prctl);
  }
  // The parent may be dead already. In another pid namespace getppid(2) gives no pid for the monitor, but the monitor
  // holds the other end of the socket.
  if (is_watched ? is_alone(errors) : work.has(kDieWithParent) && call(SYS_getppid) != work.plan.parent) exit(127);
  return restrict(work, told);
}

}  // namespace

void become(const Work& work, int errors) {
  Report* told = nullptr;
  Failure failure = prepare(work, errors, told);
  if (!failure) failure = execute(work);
  if (told) *told = {failure.error, failure.step, 0, 0};
  fail(errors, failure);
}

}  // namespace netloom::launch
