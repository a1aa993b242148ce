// Makes the mounts of a process.
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/mount.h>

#include "launcher/entries.h"
#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

bool is_link(int fd) {
  struct statx status;
  return call(SYS_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, STATX_TYPE, &status) == 0 &&
         (status.stx_mode & 0170000) == 0120000;
}

Failure cover(int directory, const char* name) {
  const int fd = open(directory, name, O_PATH | O_NOFOLLOW);
  if (fd < 0) return failed(fd, Step::open);
  // A link could lead anywhere.
  if (is_link(fd)) return Failure{ELOOP, Step::open};
  char from[64];
  print(append(from, "/proc/self/fd/"), fd);
  char over[300];
  append(append(over, "/etc/"), name);
  const int result = mount(from, over, nullptr, MS_BIND | MS_REC, nullptr);
  close(fd);
  // A file that /etc does not have cannot be mounted over: `ip` goes on, too.
  return result == -ENOENT ? Failure{} : failed(result, Step::mount);
}

Failure cover_all(int directory) {
  Failure failure;
  const long result = for_each_name(directory, [&](const char* name) { return !(failure = cover(directory, name)); });
  return failure ? failure : failed(result, Step::getdents);
}

Failure mount_listed(const Work& work) {
  const char* at = work.text(work.plan.mounts);
  const char* end = at + work.plan.mounts.size;
  while (at < end) {
    const char* texts[5];
    for (const char*& text : texts) {
      text = at;
      at += length_of(at) + 1;
    }
    unsigned long flags = 0;
    for (const char* digit = texts[4]; *digit != 0; ++digit)
      flags = flags * 10 + static_cast<unsigned long>(*digit - '0');
    const auto given = [](const char* text) { return *text == 0 ? nullptr : text; };
    const int result = mount(given(texts[0]), texts[1], given(texts[2]), flags, given(texts[3]));
    if (result < 0) return failed(result, Step::mount);
  }
  return {};
}

}  // namespace

// What `ip netns exec` does: lib/namespace.c of iproute2.
Failure mount_like_ip_netns(const Work& work) {
  if (const long result = call(SYS_unshare, CLONE_NEWNS); result < 0) return failed(result, Step::unshare);
  if (const int result = mount("none", "/", nullptr, MS_SLAVE | MS_REC, nullptr)) return failed(result, Step::mount);
  call(SYS_umount2, "/sys", MNT_DETACH);
  if (const int result = mount("sysfs", "/sys", "sysfs", 0, nullptr)) return failed(result, Step::mount);
  const char* path = work.text(work.plan.etc_directory);
  if (*path == 0) return {};
  const int directory = open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  // A directory that does not exist has no files; a symbolic link is refused.
  if (directory == -ENOENT) return {};
  if (directory < 0) return failed(directory, Step::open);
  const Failure failure = cover_all(directory);
  close(directory);
  return failure;
}

Failure settle(const Work& work, bool slave) {
  if (slave) {
    if (const int result = mount("none", "/", nullptr, MS_SLAVE | MS_REC, nullptr)) return failed(result, Step::mount);
  }
  const bool own_mounts = work.makes(CLONE_NEWNS) || work.has(kEtc);
  if (own_mounts && (work.makes(CLONE_NEWPID) || work.joins(CLONE_NEWPID))) {
    if (const int result = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr))
      return failed(result, Step::mount);
  }
  const auto set = [&](Part name, long number, Step step) {
    return name.size == 0 ? Failure{} : failed(call(number, work.text(name), name.size), step);
  };
  if (Failure failure = set(work.plan.host, SYS_sethostname, Step::sethostname)) return failure;
  if (Failure failure = set(work.plan.domain, SYS_setdomainname, Step::setdomainname)) return failure;
  return mount_listed(work);
}

}  // namespace netloom::launch
