// Makes namespaces of several kinds and hands them back.
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "base/namespace_kinds.h"
#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

// The id by which the kernel compares the age of mount namespaces; 0 before Linux 6.11, which does not report it.
uint64_t number_of_mounts(const Work& work) {
  constexpr unsigned long kGetMountNamespaceId = _IOR(NSIO, 0x5, uint64_t);  // NS_GET_MNTNS_ID
  int fd = -1;
  uint64_t number = 0;
  if (open_namespace(work, "mnt", fd)) return 0;
  if (call(SYS_ioctl, fd, kGetMountNamespaceId, &number) < 0) number = 0;
  close(fd);
  return number;
}

// The kernel lets a mount namespace be mounted only in an older one, that is one with a smaller id, as it could keep
// itself alive otherwise. Since Linux 6.18 each core takes ids from a range of its own, so a newer namespace may have a
// smaller id. At least the core on which our own namespace was created has only larger ones left: tries all cores.
void have_newer_mounts(const Work& work, uint64_t ours) {
  unsigned long before[16] = {};
  if (number_of_mounts(work) > ours || call(SYS_sched_getaffinity, 0, sizeof before, before) < 0) return;
  for (unsigned core = 0; core < sizeof before * 8; ++core) {
    unsigned long one[16] = {};
    one[core / 64] = 1UL << (core % 64);
    if (call(SYS_sched_setaffinity, 0, sizeof one, one) < 0) continue;
    if (call(SYS_unshare, CLONE_NEWNS) == 0 && number_of_mounts(work) > ours) break;
  }
  call(SYS_sched_setaffinity, 0, sizeof before, before);
}

Failure write_offsets(const Work& work) {
  const Part offsets = work.plan.offsets;
  if (offsets.size == 0) return {};
  // The file belongs to the user only while this process is dumpable, which is safe as no other process is in these
  // namespaces yet.
  prctl(PR_SET_DUMPABLE, 1);
  const int fd = open(work.proc, "self/timens_offsets", O_WRONLY);
  const long written = fd < 0 ? fd : write(fd, work.text(offsets), offsets.size);
  close(fd);
  prctl(PR_SET_DUMPABLE, 0);
  return failed(written, fd < 0 ? Step::open : Step::write);
}

// The first process of the pid namespace becomes a child of this process's parent (CLONE_PARENT).
Failure make_first(const Work& work) {
  const int lifeline = work.descriptors[0];
  const long page =
      call(SYS_mmap, nullptr, sizeof(MadePage), PROT_READ | PROT_WRITE, MAP_SHARED, work.descriptors[1], 0);
  if (page < 0) return failed(page, Step::mmap);
  auto* made = reinterpret_cast<MadePage*>(page);
  made->first = 0;
  const int first = fork(CLONE_PARENT | CLONE_PARENT_SETTID, &made->first);
  if (first == 0) be_first(lifeline);
  return failed(first, Step::clone);
}

Failure make_all(const Work& work, int* made, uint32_t& count) {
  const Plan& plan = work.plan;
  if (work.makes(CLONE_NEWUSER)) {
    int user = -1;
    if (Failure failure = make_user(work, user)) return failure;
    if (const long result = call(SYS_setns, user, CLONE_NEWUSER); result < 0) return failed(result, Step::setns);
    close(user);
  }
  const int rest = plan.made & ~CLONE_NEWUSER;
  const bool has_mounts = work.makes(CLONE_NEWNS);
  const uint64_t ours = has_mounts ? number_of_mounts(work) : 0;
  if (rest != 0) {
    if (const long result = call(SYS_unshare, rest); result < 0) return failed(result, Step::unshare);
  }
  if (ours != 0) have_newer_mounts(work, ours);
  const auto set = [&](Part name, long number, Step step) {
    return name.size == 0 ? Failure{} : failed(call(number, work.text(name), name.size), step);
  };
  if (Failure failure = set(plan.host, SYS_sethostname, Step::sethostname)) return failure;
  if (Failure failure = set(plan.domain, SYS_setdomainname, Step::setdomainname)) return failure;
  // As unshare(1) does: later mounts do not propagate to other mount namespaces.
  if (has_mounts) {
    if (const int result = mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr))
      return failed(result, Step::mount);
  }
  if (Failure failure = write_offsets(work)) return failure;
  if (work.makes(CLONE_NEWPID)) {
    if (Failure failure = make_first(work)) return failure;
  }
  for (const Kind& kind : kKinds) {
    if (!work.makes(kind.flag)) continue;
    char name[32];
    char* end = append(name, kind.name);
    if (kind.flag == CLONE_NEWPID || kind.flag == CLONE_NEWTIME) append(end, "_for_children");
    if (Failure failure = open_namespace(work, name, made[count])) return failure;
    ++count;
  }
  return {};
}

}  // namespace

void make(const Work& work) {
  int made[kMostDescriptors];
  uint32_t count = 0;
  if (Failure failure = make_all(work, made, count)) fail(work.socket, failure);
  report(work.socket, {}, 0, nullptr, 0, made, count);
  exit(0);
}

}  // namespace netloom::launch
