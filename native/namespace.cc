#include "namespace.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>

#include <cstring>

namespace netloom {
namespace {

Failure identify(int fd, Identity& identity) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return failed("fstat");
  identity = Identity{status.st_dev, status.st_ino};
  return {};
}

// EINVAL for what is no namespace of the network kind: the same errno as setns(2).
Failure check_kind(int fd) {
  struct statfs filesystem;
  if (::fstatfs(fd, &filesystem) != 0) return failed("fstatfs");
  if (filesystem.f_type != NSFS_MAGIC) return Failure{EINVAL, "fstatfs"};
  const int kind = ::ioctl(fd, NS_GET_NSTYPE);
  if (kind < 0) return failed("ioctl");
  return kind == CLONE_NEWNET ? Failure{} : Failure{EINVAL, "ioctl"};
}

// Opens for use what was opened as a place.
Fd reopen(int place) {
  return Fd(::open(("/proc/self/fd/" + std::to_string(place)).c_str(), O_RDONLY | O_CLOEXEC));
}

// Opens a path only if a namespace is behind it: opening a device or a fifo by mistake would have effects or block.
Failure open_path(const std::string& path, Fd& fd) {
  Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) return failed("open");
  struct statfs filesystem;
  if (::fstatfs(place.get(), &filesystem) != 0) return failed("fstatfs");
  if (filesystem.f_type != NSFS_MAGIC) return Failure{EINVAL, "fstatfs"};
  fd = reopen(place.get());
  return fd ? Failure{} : failed("open");
}

// Anybody may hold the lock for as long as he likes, and as in iproute2 no lock is no reason to stop.
void lock_for_a_while(int fd) {
  constexpr int kTries = 100;
  constexpr timespec kPause{0, 5'000'000};
  for (int i = 0; i < kTries && ::flock(fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR); ++i) {
    ::nanosleep(&kPause, nullptr);
  }
}

// The directory that holds pins, and the mount point that makes them visible in other mount namespaces: the steps of
// iproute2, under the same lock, so that both may run at once.
Failure share_directory(const std::string& directory) {
  const auto share = [&] { return ::mount("", directory.c_str(), "none", MS_SHARED | MS_REC, nullptr) == 0; };
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return failed("mkdir");
  if (share()) return {};
  if (errno != EINVAL) return failed("mount");  // EINVAL: it is no mount point yet
  Fd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return failed("open");
  lock_for_a_while(lock.get());
  if (share()) return {};
  if (errno != EINVAL) return failed("mount");
  if (::mount(directory.c_str(), directory.c_str(), "none", MS_BIND | MS_REC, nullptr) != 0) return failed("mount");
  return share() ? Failure{} : failed("mount");
}

constexpr const char* kNamedDirectory = "/run/netns";

Failure unpin(const std::string& path) {
  // A file without a mount is what an interrupted creation leaves; it goes as well.
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL) return failed("umount2");
  return ::unlink(path.c_str()) == 0 ? Failure{} : failed("unlink");
}

// ESRCH when the process behind a pidfd has ended.
Failure check_alive(int pidfd) {
  pollfd ended{pidfd, POLLIN, 0};
  if (::poll(&ended, 1, 0) < 0) return failed("poll");
  return ended.revents == 0 ? Failure{} : Failure{ESRCH, "pidfd_open"};
}

}  // namespace

Pin& Pin::operator=(Pin&& other) noexcept {
  if (this != &other) {
    undo();
    path_ = std::exchange(other.path_, {});
    pinned_ = std::exchange(other.pinned_, {});
  }
  return *this;
}

void Pin::undo() {
  if (path_.empty()) return;
  if (pinned_) {
    (void)remove(path_, &*pinned_);
  } else {
    (void)::unlink(path_.c_str());  // refused (EBUSY) if somebody has mounted something there
  }
}

Failure Pin::prepare(const std::string& path, Pin& pin) {
  const size_t slash = path.rfind('/');
  if (path.compare(0, slash, kNamedDirectory) == 0) {
    if (Failure failure = share_directory(kNamedDirectory)) return failure;
  }
  Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file) return failed("open");
  pin = Pin(path);
  return {};
}

Failure Pin::mount_own() {
  constexpr const char* kOwn = "/proc/thread-self/ns/net";
  struct stat own;
  if (::stat(kOwn, &own) != 0) return failed("stat");
  if (::mount(kOwn, path_.c_str(), "none", MS_BIND, nullptr) != 0) return failed("mount");
  pinned_ = Identity{own.st_dev, own.st_ino};
  return {};
}

Failure Pin::remove(const std::string& path, const Identity* expected) {
  if (expected) {
    // Through a symbolic link, which then goes in place of the pin.
    Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!place) return failed("open");
    Identity found;
    if (Failure failure = identify(place.get(), found)) return failure;
    if (found != *expected) return Failure{ESTALE, "umount2"};
  }
  return unpin(path);
}

const std::shared_ptr<KeptSocket>& Namespace::socket_of(int protocol) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<KeptSocket>& kept = sockets_[protocol];
  if (!kept) kept = std::make_shared<KeptSocket>();
  return kept;
}

Failure Namespace::open_socket(ThreadHome& thread, int protocol, const std::shared_ptr<KeptSocket>& kept) {
  if (Failure failure = thread.visit(fd_.get())) return failure;
  OpenSockets& sockets = thread.sockets();
  const Failure failure = sockets.with_room([&] { return NetlinkSocket::open(protocol, kept->socket); }, kept.get());
  if (!failure) sockets.add(kept);
  return failure;
}

Failure adopt_namespace(Fd fd, NamespacePointer& opened) {
  Identity identity;
  if (Failure failure = identify(fd.get(), identity)) return failure;
  opened = std::make_shared<Namespace>(std::move(fd), identity);
  return {};
}

Failure open_namespace(const PathOf& path, NamespacePointer& opened) {
  Fd fd;
  if (Failure failure = open_path(path.path, fd)) return failure;
  if (Failure failure = check_kind(fd.get())) return failure;
  return adopt_namespace(std::move(fd), opened);
}

Failure open_namespace(DescriptorOf& descriptor, NamespacePointer& opened) {
  if (Failure failure = check_kind(descriptor.fd.get())) return failure;
  return adopt_namespace(std::move(descriptor.fd), opened);
}

Failure open_namespace(const ProcessOf& process, NamespacePointer& opened) {
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // The number of a thread that leads no process: EINVAL, since Linux 6.9 ENOENT.
  if (!pidfd && (errno == EINVAL || errno == ENOENT)) return Failure{ESRCH, "pidfd_open"};
  if (!pidfd) return failed("pidfd_open");
  Fd fd;
  const Failure failure = open_path("/proc/" + std::to_string(process.pid) + "/ns/net", fd);
  // Only a process that still lives now was the one behind the path: its number cannot have been given away meanwhile.
  if (Failure gone = check_alive(pidfd.get())) return gone;
  if (failure) return failure.error == ENOENT ? Failure{ESRCH, failure.call} : failure;
  return adopt_namespace(std::move(fd), opened);
}

Failure open_namespace(const ThreadOf& thread, NamespacePointer& opened) {
  Fd fd;
  const Failure failure = open_path("/proc/" + std::to_string(thread.tid) + "/ns/net", fd);
  if (failure) return failure.error == ENOENT ? Failure{ESRCH, failure.call} : failure;
  return adopt_namespace(std::move(fd), opened);
}

namespace {

Failure try_to_create(ThreadHome& thread, const std::string& path, NamespacePointer& created, Pin& pin) {
  Pin made;  // undoes itself on every early return
  if (!path.empty()) {
    if (Failure failure = Pin::prepare(path, made)) return failure;
  }
  if (Failure failure = thread.visit_new()) return failure;
  if (!path.empty()) {
    if (Failure failure = made.mount_own()) return failure;
  }
  Fd fd = open_own_netns();
  if (!fd) return failed("open");
  if (Failure failure = adopt_namespace(std::move(fd), created)) return failure;
  pin = std::move(made);
  return {};
}

}  // namespace

Failure create_namespace(ThreadHome& thread, const std::string& path, NamespacePointer& created, Pin& pin) {
  return thread.sockets().with_room([&] { return try_to_create(thread, path, created, pin); });
}

Failure list_pinned(const std::string& directory, std::vector<Pinned>& found) {
  DIR* opened = ::opendir(directory.c_str());
  if (!opened) return errno == ENOENT ? Failure{} : failed("opendir");
  std::unique_ptr<DIR, int (*)(DIR*)> entries(opened, ::closedir);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (!entry) return errno == 0 ? Failure{} : failed("readdir");
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    Fd place(::openat(::dirfd(entries.get()), entry->d_name, O_PATH | O_CLOEXEC));
    struct statfs filesystem;
    Identity identity;
    if (!place && is_out_of_descriptors(errno)) return failed("openat");
    // What vanished in the meantime, or is no network namespace, is not there.
    if (!place || ::fstatfs(place.get(), &filesystem) != 0 || filesystem.f_type != NSFS_MAGIC) continue;
    Fd opened_entry = reopen(place.get());
    if (!opened_entry && is_out_of_descriptors(errno)) return failed("open");
    if (!opened_entry || check_kind(opened_entry.get())) continue;
    if (identify(place.get(), identity)) continue;
    found.push_back(Pinned{entry->d_name, identity});
  }
}

}  // namespace netloom
