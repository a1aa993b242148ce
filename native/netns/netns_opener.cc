#include "netns/netns_opener.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstring>

#include "netns/user_namespace.h"

namespace netloom {
namespace {

// struct linux_dirent64, which the C library does not declare.
struct LinuxDirent64 {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[1];
};

// False if the bytes are no list of entries.
bool add_names(const char* entries, size_t size, std::vector<std::string>& names) {
  constexpr size_t kHead = offsetof(LinuxDirent64, name);
  for (size_t at = 0; at < size;) {
    uint16_t length = 0;
    if (size - at < kHead) return false;
    std::memcpy(&length, entries + at + offsetof(LinuxDirent64, size), sizeof length);
    if (length <= kHead || length > size - at) return false;
    const char* name = entries + at + kHead;
    const std::string text(name, ::strnlen(name, length - kHead));
    if (text != "." && text != "..") names.push_back(text);
    at += length;
  }
  return true;
}

Failure open_here(int directory, const std::string& path, int flags, uint64_t resolve, Fd& opened) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = resolve;
  opened = Fd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
  return opened ? Failure{} : failed("openat2");
}

launch::Request request_of(launch::Open what) {
  launch::Request request{};
  request.what = what;
  return request;
}

}  // namespace

Failure NetnsOpener::socket(int family, int type, int protocol, Fd& opened) const {
  if (!user_) {
    opened = Fd(::socket(family, type | SOCK_CLOEXEC, protocol));
    return opened ? Failure{} : failed("socket");
  }
  launch::Request request = request_of(launch::Open::socket);
  request.family = family;
  request.type = type | SOCK_CLOEXEC;
  request.protocol = protocol;
  return user_->open(*thread_, request, {}, {netns_}, opened);
}

Failure NetnsOpener::netlink_socket(int protocol, NetlinkSocket& opened) const {
  Fd fd;
  if (Failure failure = socket(AF_NETLINK, SOCK_RAW, protocol, fd)) return failure;
  return NetlinkSocket::adopt(std::move(fd), opened);
}

Failure NetnsOpener::open(int directory, const std::string& path, int flags, uint64_t resolve, Fd& opened) const {
  if (!user_) return open_here(directory, path, flags, resolve, opened);
  launch::Request request = request_of(launch::Open::file);
  request.flags = static_cast<uint64_t>(flags);
  request.resolve = resolve;
  if (directory == AT_FDCWD) return user_->open(*thread_, request, path, {netns_}, opened);
  return user_->open(*thread_, request, path, {netns_, directory}, opened);
}

Failure NetnsOpener::list(int directory, const std::string& path, uint64_t resolve,
                          std::vector<std::string>& names) const {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY;
  if (user_) {
    launch::Request request = request_of(launch::Open::entries);
    request.flags = static_cast<uint64_t>(kFlags);
    request.resolve = resolve;
    Launched::Answer answer;
    if (Failure failure = user_->ask(*thread_, request, path, {netns_, directory}, answer)) return failure;
    return add_names(answer.text.data(), answer.text.size(), names) ? Failure{} : Failure{EPROTO, "getdents64"};
  }
  Fd opened;
  if (Failure failure = open_here(directory, path, kFlags, resolve, opened)) return failure;
  char entries[16 * 1024];
  while (true) {
    const long size = ::syscall(SYS_getdents64, opened.get(), entries, sizeof entries);
    if (size < 0) return failed("getdents64");
    if (size == 0) return {};
    if (!add_names(entries, static_cast<size_t>(size), names)) return Failure{EPROTO, "getdents64"};
  }
}

Failure NetnsOpener::sysfs(Fd& root) const {
  if (user_) return user_->open(*thread_, request_of(launch::Open::sysfs), {}, {netns_}, root);
  const Fd context(static_cast<int>(::syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC)));
  if (!context) return failed("fsopen");
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return failed("fsconfig");
  root = Fd(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  return root ? Failure{} : failed("fsmount");
}

Failure NetnsOpener::control(int fd, unsigned long request, unsigned long value, const char* call) const {
  if (!user_) return ::ioctl(fd, request, value) == 0 ? Failure{} : failed(call);
  launch::Request asked = request_of(launch::Open::control);
  asked.flags = request;
  asked.resolve = value;
  Fd none;
  const Failure failure = user_->open(*thread_, asked, {}, {netns_, fd}, none);
  return failure && !is_gone(failure) ? Failure{failure.error, call} : failure;
}

}  // namespace netloom
