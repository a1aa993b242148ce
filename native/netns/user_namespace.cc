#include "netns/user_namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <map>
#include <span>

#include "netns/namespace_file.h"
#include "netns/thread_home.h"

namespace netloom {
namespace {

// For the whole process, so that network namespaces of different Workers can be connected to each other.
std::mutex shared_mutex;
std::map<std::string, std::weak_ptr<UserNamespace>> shared_by_maps;
std::map<Identity, std::weak_ptr<UserNamespace>> shared_by_identity;

UserNamespacePointer note(Fd fd, const Identity& identity) {
  std::weak_ptr<UserNamespace>& noted = shared_by_identity[identity];
  UserNamespacePointer found = noted.lock();
  if (!found) noted = found = std::make_shared<UserNamespace>(std::move(fd));
  std::erase_if(shared_by_identity, [](const auto& entry) { return entry.second.expired(); });
  return found;
}

// A launcher inherits the namespaces of the thread that starts it.
Failure start_at_home(ThreadHome& thread, const LaunchPlan& plan, Launched& launched, Launched::Answer& answer) {
  if (!thread.return_home()) return failed("setns");
  const Failure failure = launched.start(plan);
  return failure ? failure : launched.receive(answer);
}

Failure open_own(Fd& own, Identity& identity) {
  own = Fd(::open("/proc/thread-self/ns/user", O_RDONLY | O_CLOEXEC));
  return own ? identify(own.get(), identity) : failed("open");
}

}  // namespace

LaunchPlan plan_of_own_user() {
  LaunchPlan plan(launch::Task::serve);
  plan.head.made = CLONE_NEWUSER;
  return plan;
}

Failure UserNamespace::shared(ThreadHome& thread, const LaunchPlan& plan, UserNamespacePointer& found) {
  // The parent is this process's user namespace, and the owner its effective user: both are part of the key.
  Fd own;
  Identity parent;
  if (Failure failure = open_own(own, parent)) return failure;
  const std::string key = std::to_string(parent.inode) + " " + std::to_string(::geteuid()) + "\n" + plan.rest();
  const std::lock_guard lock(shared_mutex);
  std::weak_ptr<UserNamespace>& noted = shared_by_maps[key];
  found = noted.lock();
  if (found) return {};
  std::erase_if(shared_by_maps, [&](const auto& entry) { return entry.first != key && entry.second.expired(); });
  const auto made = std::make_shared<UserNamespace>();
  Launched::Answer answer;
  if (Failure failure = start_at_home(thread, plan, made->helper_, answer)) return failure;
  made->fd_ = std::move(answer.descriptors[0]);
  Identity identity;
  if (Failure failure = identify(made->fd(), identity)) return failure;
  noted = shared_by_identity[identity] = found = made;
  return {};
}

Failure UserNamespace::owner_of(int other, UserNamespacePointer& owner) {
  Fd fd(::ioctl(other, NS_GET_USERNS));
  if (!fd) return failed("ioctl");
  Identity identity;
  if (Failure failure = identify(fd.get(), identity)) return failure;
  const std::lock_guard lock(shared_mutex);
  owner = note(std::move(fd), identity);
  return {};
}

bool UserNamespace::is_own() const {
  Fd own;
  Identity here, there;
  return !open_own(own, here) && !identify(fd(), there) && here == there;
}

Failure UserNamespace::start_helper(ThreadHome& thread) {
  LaunchPlan plan(launch::Task::serve);
  if (Failure failure = plan.join(CLONE_NEWUSER, fd())) return failure;
  Launched::Answer answer;
  const Failure failure = start_at_home(thread, plan, helper_, answer);
  if (failure) helper_.end();
  // EINVAL: this process is in it already, so to enter it would give no capability.
  return failure.error == EINVAL ? Failure{EPERM, failure.call} : failure;
}

Failure UserNamespace::ask(ThreadHome& thread, const launch::Request& request, std::string_view path,
                           std::initializer_list<int> descriptors, Launched::Answer& answer) {
  const std::lock_guard lock(in_use_);
  Failure failure{EPIPE, "launch"};
  for (int tries = 0; tries < 3 && is_gone(failure); ++tries) {
    failure = helper_.is_running() ? Failure{} : start_helper(thread);
    if (!failure) failure = helper_.ask(request, path, std::span(descriptors.begin(), descriptors.size()), answer);
    // Entries come in several answers; the last one is empty.
    std::string entries;
    for (; request.what == launch::Open::entries && !failure && !answer.text.empty(); failure = helper_.receive(answer))
      entries += answer.text;
    if (!entries.empty()) answer.text = std::move(entries);
    if (is_gone(failure)) helper_.end();
  }
  return failure;
}

Failure UserNamespace::open(ThreadHome& thread, const launch::Request& request, std::string_view path,
                            std::initializer_list<int> descriptors, Fd& opened) {
  Launched::Answer answer;
  const Failure failure = ask(thread, request, path, descriptors, answer);
  opened = std::move(answer.descriptors[0]);
  return failure;
}

Failure UserNamespace::create(ThreadHome& thread, Fd& netns, Fd& route) {
  launch::Request request{};
  request.what = launch::Open::create;
  Launched::Answer answer;
  if (Failure failure = ask(thread, request, {}, {}, answer)) return failure;
  netns = std::move(answer.descriptors[0]);
  route = std::move(answer.descriptors[1]);
  return netns && route ? Failure{} : Failure{EPROTO, "launch"};
}

}  // namespace netloom
