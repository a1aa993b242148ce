// Opens files and sockets in the network namespaces of one user namespace, by request.
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <sys/prctl.h>

#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

// The answer to one request.
struct Answer {
  Failure failure;
  int value = 0;
  int descriptors[2] = {-1, -1};
  uint32_t count = 0;

  void opened(long fd, Step step) {
    failure = failed(fd, step);
    if (!failure) descriptors[count++] = static_cast<int>(fd);
  }
};

void create(const Work& work, Answer& answer) {
  if (const long result = call(SYS_unshare, CLONE_NEWNET); result < 0) {
    answer.failure = failed(result, Step::unshare);
    return;
  }
  answer.opened(open(work.proc, "self/ns/net", O_RDONLY), Step::open);
  if (!answer.failure)
    answer.opened(call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), Step::socket);
}

void mount_sysfs(Answer& answer) {
  long context = call(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC);
  // Without capabilities over the mount namespace it takes one of its own.
  if (context == -EPERM && call(SYS_unshare, CLONE_NEWNS) == 0) context = call(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC);
  if (context < 0) {
    answer.failure = failed(context, Step::fsopen);
    return;
  }
  const long created = call(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (created < 0) {
    answer.failure = failed(created, Step::fsconfig);
  } else {
    answer.opened(call(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0), Step::fsmount);
  }
  close(static_cast<int>(context));
}

// The directory to which a path is relative: the second descriptor, if there is one.
int below(const int* descriptors, uint32_t count) {
  return count > 1 ? descriptors[1] : AT_FDCWD;
}

long open_below(const Request& request, int directory, const char* path) {
  const open_how how{request.flags | O_CLOEXEC, 0, request.resolve};
  return call(SYS_openat2, directory, path, &how, sizeof how);
}

void list(const Work& work, const Request& request, int directory, const char* path, Answer& answer) {
  const long opened = open_below(request, directory, path);
  if (opened < 0) {
    answer.failure = failed(opened, Step::openat2);
    return;
  }
  static char entries[16 * 1024];
  long size = 0;
  while ((size = call(SYS_getdents64, opened, entries, sizeof entries)) > 0)
    report(work.socket, {}, 0, entries, static_cast<uint32_t>(size));
  answer.failure = failed(size, Step::getdents);
  close(static_cast<int>(opened));
}

void serve_one(const Work& work, const Request& request, const char* path, const int* descriptors, uint32_t count,
               Answer& answer) {
  if (request.what == Open::create) {
    create(work, answer);
    return;
  }
  const long entered = count == 0 ? -EBADF : call(SYS_setns, descriptors[0], CLONE_NEWNET);
  if (entered < 0) {
    answer.failure = failed(entered, Step::setns);
    return;
  }
  switch (request.what) {
    case Open::socket:
      answer.opened(call(SYS_socket, request.family, request.type, request.protocol), Step::socket);
      break;
    case Open::file:
      answer.opened(open_below(request, below(descriptors, count), path), Step::openat2);
      break;
    case Open::entries:
      list(work, request, below(descriptors, count), path, answer);
      break;
    case Open::sysfs:
      mount_sysfs(answer);
      break;
    case Open::control:
      answer.failure = failed(call(SYS_ioctl, below(descriptors, count), request.flags, request.resolve), Step::ioctl);
      break;
    case Open::create:
      break;
  }
}

}  // namespace

void serve(const Work& work) {
  prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("netloom-helper"));
  if (Failure failure = enter(work)) fail(work.socket, failure);
  for (uint32_t i = 0; i < work.descriptor_count; ++i)
    close(work.descriptors[i]);
  int user = -1;
  if (Failure failure = open_namespace(work, "user", user)) fail(work.socket, failure);
  report(work.socket, {}, 0, nullptr, 0, &user, 1);
  close(user);
  call(SYS_chdir, "/");
  while (true) {
    Request request;
    int descriptors[kMostDescriptors];
    uint32_t count = 0;
    char* path = nullptr;
    size_t size = 0;
    const long received = receive(work.socket, &request, sizeof request, descriptors, count, path, size);
    if (received < 0 && received != -EMFILE) exit(0);
    Answer answer;
    answer.failure = failed(received, Step::recvmsg);
    if (!answer.failure) serve_one(work, request, path, descriptors, count, answer);
    report(work.socket, answer.failure, answer.value, nullptr, 0, answer.descriptors, answer.count);
    for (uint32_t i = 0; i < count; ++i)
      close(descriptors[i]);
    for (uint32_t i = 0; i < answer.count; ++i)
      close(answer.descriptors[i]);
  }
}

}  // namespace netloom::launch
