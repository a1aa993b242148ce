#include "netns/user_namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <map>
#include <span>

#include "netns/pin.h"
#include "netns/thread_home.h"

namespace netloom {
namespace {

// Those of the whole process, for its Workers' namespaces may be joined too.
std::mutex shared_mutex;
std::map<std::string, std::weak_ptr<UserNamespace>> shared_by_maps;
std::map<Identity, std::weak_ptr<UserNamespace>> shared_by_identity;

UserNamespacePointer note(Fd fd, const Identity& identity) {
  std::weak_ptr<UserNamespace>& noted = shared_by_identity[identity];
  UserNamespacePointer found = noted.lock();
  if (!found) noted = found = std::make_shared<UserNamespace>(std::move(fd), Launched());
  std::erase_if(shared_by_identity, [](const auto& entry) { return entry.second.expired(); });
  return found;
}

// A launcher is in the namespaces of the thread that starts it.
Failure start_at_home(ThreadHome& thread, const LaunchPlan& plan, Launched& launched) {
  return thread.return_home() ? launched.start(plan) : failed("setns");
}

}  // namespace

LaunchPlan plan_of_own_user() {
  LaunchPlan plan(launch::Task::serve);
  plan.head.made = CLONE_NEWUSER;
  return plan;
}

Failure UserNamespace::make(ThreadHome& thread, const LaunchPlan& plan, UserNamespacePointer& made) {
  Launched helper;
  if (Failure failure = start_at_home(thread, plan, helper)) return failure;
  Launched::Answer answer;
  if (Failure failure = helper.receive(answer)) return failure;
  if (answer.count != 1) return Failure{EPROTO, "launch"};
  made = std::make_shared<UserNamespace>(std::move(answer.descriptors[0]), std::move(helper));
  return {};
}

Failure UserNamespace::shared(ThreadHome& thread, const LaunchPlan& plan, UserNamespacePointer& found) {
  // Its parent is where the process is, and its owner whoever the process is, so neither may have changed.
  Identity parent;
  const Fd own(::open("/proc/thread-self/ns/user", O_RDONLY | O_CLOEXEC));
  if (!own) return failed("open");
  if (Failure failure = identify(own.get(), parent)) return failure;
  const std::string key = std::to_string(parent.inode) + " " + std::to_string(::geteuid()) + "\n" + plan.rest();
  const std::lock_guard lock(shared_mutex);
  std::weak_ptr<UserNamespace>& noted = shared_by_maps[key];
  found = noted.lock();
  if (found) return {};
  std::erase_if(shared_by_maps, [&](const auto& entry) { return entry.first != key && entry.second.expired(); });
  if (Failure failure = make(thread, plan, found)) return failure;
  Identity identity;
  if (Failure failure = identify(found->fd(), identity)) return failure;
  noted = found;
  shared_by_identity[identity] = found;
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
  const Fd own(::open("/proc/thread-self/ns/user", O_RDONLY | O_CLOEXEC));
  Identity here, there;
  return own && !identify(own.get(), here) && !identify(fd(), there) && here == there;
}

Failure UserNamespace::start_helper(ThreadHome& thread) {
  LaunchPlan plan(launch::Task::serve);
  if (Failure failure = plan.join(CLONE_NEWUSER, fd())) return failure;
  if (Failure failure = start_at_home(thread, plan, helper_)) return failure;
  Launched::Answer answer;
  const Failure failure = helper_.receive(answer);
  if (!failure) return {};
  helper_.end();
  // EINVAL: it is the one where this process is, and gives it nothing that it does not have.
  return failure.error == EINVAL ? Failure{EPERM, failure.call} : failure;
}

template <class Use>
Failure UserNamespace::with_helper(ThreadHome& thread, Use use) {
  const std::lock_guard lock(in_use_);
  Failure failure{EPIPE, "launch"};
  for (int tries = 0; tries < 3 && is_gone(failure); ++tries) {
    failure = helper_.is_running() ? Failure{} : start_helper(thread);
    if (!failure) failure = use();
    if (is_gone(failure)) helper_.end();
  }
  return failure;
}

Failure UserNamespace::open(ThreadHome& thread, const launch::Request& request, std::string_view path,
                            std::initializer_list<int> descriptors, Fd& opened) {
  return with_helper(thread, [&] {
    if (Failure failure = helper_.ask(request, path, std::span(descriptors.begin(), descriptors.size())))
      return failure;
    Launched::Answer answer;
    const Failure failure = helper_.receive(answer);
    if (!failure) opened = std::move(answer.descriptors[0]);
    return failure;
  });
}

Failure UserNamespace::create(ThreadHome& thread, Fd& netns, Fd& route) {
  return with_helper(thread, [&] {
    launch::Request request{};
    request.what = launch::Open::create;
    if (Failure failure = helper_.ask(request, {}, {})) return failure;
    Launched::Answer answer;
    if (Failure failure = helper_.receive(answer)) return failure;
    netns = std::move(answer.descriptors[0]);
    route = std::move(answer.descriptors[1]);
    return netns && route ? Failure{} : Failure{EPROTO, "launch"};
  });
}

Failure UserNamespace::list(ThreadHome& thread, const launch::Request& request, std::string_view path,
                            std::initializer_list<int> descriptors, std::string& entries) {
  return with_helper(thread, [&] {
    entries.clear();
    if (Failure failure = helper_.ask(request, path, std::span(descriptors.begin(), descriptors.size())))
      return failure;
    while (true) {
      Launched::Answer answer;
      if (Failure failure = helper_.receive(answer)) return failure;
      if (answer.text.empty()) return Failure{};
      entries += answer.text;
    }
  });
}

}  // namespace netloom
