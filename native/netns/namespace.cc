#include "netns/namespace.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include <cstring>

#include "base/directory_entry.h"
#include "base/namespace_kinds.h"
#include "netns/prefetch.h"

namespace netloom {
namespace {

// ESRCH when the process behind a pidfd has ended.
Failure check_alive(int pidfd) {
  pollfd ended{pidfd, POLLIN, 0};
  if (::poll(&ended, 1, 0) < 0) return failed("poll");
  return ended.revents == 0 ? Failure{} : Failure{ESRCH, "pidfd_open"};
}

}  // namespace

const std::shared_ptr<KeptSocket>& Namespace::socket_of(int protocol) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<KeptSocket>& kept = sockets_[protocol];
  if (!kept) kept = std::make_shared<KeptSocket>();
  return kept;
}

Failure Namespace::open_socket(ThreadHome& thread, int protocol, const std::shared_ptr<KeptSocket>& kept) {
  OpenSockets& sockets = thread.sockets();
  const Failure failure = inside(thread, [&](const NetnsOpener& opener) {
    return sockets.with_room([&] { return opener.netlink_socket(protocol, kept->socket); }, kept.get());
  });
  if (!failure) sockets.add(kept);
  return failure;
}

Failure Namespace::owner(UserNamespacePointer& user) {
  {
    const std::lock_guard lock(mutex_);
    user = user_;
  }
  if (user) return {};
  if (Failure failure = UserNamespace::owner_of(fd_.get(), user)) return failure;
  belong_to(user);
  return {};
}

Failure Namespace::namespaces_to_join(ThreadHome& thread, std::vector<ToJoin>& to_join) {
  to_join.clear();
  const Failure failure = thread.visit(fd_.get(), identity_);
  if (failure && failure.error != EPERM) return failure;
  if (failure && thread.is_at_home_in(fd_.get())) return {};
  if (failure) {
    UserNamespacePointer user;
    if (owner(user)) return failure;
    to_join.push_back({user->fd(), CLONE_NEWUSER});
  }
  to_join.push_back({fd_.get(), CLONE_NEWNET});
  return {};
}

void Namespace::keep_socket(OpenSockets& sockets, int protocol, NetlinkSocket socket) {
  const std::shared_ptr<KeptSocket>& kept = socket_of(protocol);
  const std::lock_guard lock(kept->in_use);
  kept->socket = std::move(socket);
  kept->last_use.store(sockets.next_use(), std::memory_order_relaxed);
  sockets.add(kept);
}

Failure adopt_namespace(Fd fd, NamespacePointer& opened) {
  Identity identity;
  if (Failure failure = identify(fd.get(), identity)) return failure;
  opened = std::make_shared<Namespace>(std::move(fd), identity);
  return {};
}

Failure open_kind(const PathOf& path, int& kind, NamespacePointer& opened) {
  Fd fd;
  if (Failure failure = open_namespace_file(path.path, fd)) return failure;
  if (Failure failure = tell_kind(fd.get(), kind)) return failure;
  return adopt_namespace(std::move(fd), opened);
}

Failure open_kind(DescriptorOf& descriptor, int& kind, NamespacePointer& opened) {
  if (Failure failure = tell_kind(descriptor.fd.get(), kind)) return failure;
  return adopt_namespace(std::move(descriptor.fd), opened);
}

Failure open_kind(const ProcessOf& process, int& kind, NamespacePointer& opened) {
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // The tid of a thread that is not a thread group leader: EINVAL, since Linux 6.9 ENOENT.
  if (!pidfd && (errno == EINVAL || errno == ENOENT)) return Failure{ESRCH, "pidfd_open"};
  if (!pidfd) return failed("pidfd_open");
  const Failure failure = open_kind(ThreadOf{process.pid}, kind, opened);
  // If the process is alive now, its pid was not reused, and the path led to this process.
  if (Failure gone = check_alive(pidfd.get())) return gone;
  return failure;
}

Failure open_kind(const ThreadOf& thread, int& kind, NamespacePointer& opened) {
  Fd fd;
  const Failure failure = open_namespace_file("/proc/" + std::to_string(thread.tid) + "/ns/" + name_of(kind), fd);
  if (failure) return failure.error == ENOENT ? Failure{ESRCH, failure.call} : failure;
  return adopt_namespace(std::move(fd), opened);
}

Failure open_namespace(const PathOf& path, NamespacePointer& opened) {
  int kind = CLONE_NEWNET;
  return open_kind(path, kind, opened);
}

Failure open_namespace(DescriptorOf& descriptor, NamespacePointer& opened) {
  int kind = CLONE_NEWNET;
  return open_kind(descriptor, kind, opened);
}

Failure open_namespace(const ProcessOf& process, NamespacePointer& opened) {
  int kind = CLONE_NEWNET;
  return open_kind(process, kind, opened);
}

Failure open_namespace(const ThreadOf& thread, NamespacePointer& opened) {
  int kind = CLONE_NEWNET;
  return open_kind(thread, kind, opened);
}

namespace {

// If the kernel refuses another namespace (ENOSPC), the prefetched ones may have used up the limit: takes one of them,
// or waits until the kernel has freed those that were closed.
Failure unshare_where_there_is_room(ThreadHome& thread, std::optional<NetnsPrefetch::Spare>& spare) {
  // A new namespace inherits settings from the one where it is created: home.
  if (!thread.return_home()) return failed("setns");
  while (true) {
    const Failure failure = thread.visit_new();
    if (failure.error != ENOSPC) return failure;
    spare = thread.prefetch().take_last();
    if (spare) return {};
    if (!thread.prefetch().may_still_be_freeing()) return failure;
    constexpr timespec kPause{0, 2'000'000};
    ::nanosleep(&kPause, nullptr);
  }
}

Failure try_to_create(ThreadHome& thread, const std::string& path, PinDirectory& directory, NamespacePointer& created,
                      Pin& pin) {
  Fd fd;     // closed after the pin is removed
  Pin made;  // removed on every early return
  if (!path.empty()) {
    if (Failure failure = Pin::prepare(path, directory, made)) return failure;
  }
  std::optional<NetnsPrefetch::Spare> spare = thread.prefetch().take(thread.home());
  if (!spare) {
    if (Failure failure = unshare_where_there_is_room(thread, spare)) return failure;
  }
  if (spare) {
    fd = std::move(spare->netns);
  } else if (!(fd = open_own_netns())) {
    return failed("open");
  }
  Identity identity;
  if (Failure failure = identify(fd.get(), identity)) return failure;
  if (!path.empty()) {
    if (Failure failure = made.mount(fd.get(), identity)) return failure;
  }
  if (!spare) thread.is_in(identity);
  created = std::make_shared<Namespace>(std::move(fd), identity);
  if (spare) created->keep_socket(thread.sockets(), NETLINK_ROUTE, std::move(spare->route));
  pin = std::move(made);
  return {};
}

}  // namespace

Failure create_namespace(ThreadHome& thread, const std::string& path, PinDirectory& directory,
                         NamespacePointer& created, Pin& pin) {
  return thread.sockets().with_room([&] { return try_to_create(thread, path, directory, created, pin); });
}

Failure create_rootless(ThreadHome& thread, const LaunchPlan& plan, const NamespacePointer& with,
                        NamespacePointer& created) {
  return thread.sockets().with_room([&] {
    // A new namespace inherits settings from the one where it is created: home.
    if (!thread.return_home()) return failed("setns");
    UserNamespacePointer user;
    const Failure failure = with ? with->owner(user) : UserNamespace::shared(thread, plan, user);
    if (failure) return failure;
    Fd fd, socket;
    if (Failure refused = user->create(thread, fd, socket)) return refused;
    NetlinkSocket route;
    if (Failure refused = NetlinkSocket::adopt(std::move(socket), route)) return refused;
    if (Failure unknown = adopt_namespace(std::move(fd), created)) return unknown;
    created->belong_to(user);
    created->keep_socket(thread.sockets(), NETLINK_ROUTE, std::move(route));
    return Failure{};
  });
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
    Identity identity;
    if (!place && is_out_of_descriptors(errno)) return failed("openat");
    // Left out: an entry that was removed meanwhile, or is no network namespace.
    if (!place || !is_namespace(place.get())) continue;
    Fd opened_entry = reopen(place.get());
    if (!opened_entry && is_out_of_descriptors(errno)) return failed("open");
    int kind = CLONE_NEWNET;
    if (!opened_entry || tell_kind(opened_entry.get(), kind)) continue;
    if (identify(place.get(), identity)) continue;
    found.push_back(Pinned{entry->d_name, identity});
  }
}

}  // namespace netloom
