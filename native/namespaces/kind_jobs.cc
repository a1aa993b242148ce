#include "namespaces/kind_jobs.h"

#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "base/namespace_kinds.h"
#include "node/values.h"

namespace netloom {
namespace {

napi_value describe_kind(const Delivery& to, int kind, NamespacePointer found) {
  ArrayValue result(to.env);
  result.push(make_text(to.env, name_of(kind)));
  result.push(describe(to, std::move(found)));
  return result;
}

}  // namespace

void CreateSet::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&] {
    set_ = NamespaceSet();
    return create_set(thread, plan_, set_);
  });
  for (size_t i = 0; i < kKinds.size() && !failure; ++i) {
    if (!set_.fds[i]) continue;
    NamespacePointer made;
    failure = adopt_namespace(std::move(set_.fds[i]), made);
    if (!failure && kKinds[i].flag == CLONE_NEWPID) made->own(set_.first);
    made_.emplace_back(kKinds[i].flag, std::move(made));
  }
}

void CreateSet::discard() {
  made_.clear();
  set_ = NamespaceSet();
}

napi_value CreateSet::deliver(const Delivery& to) {
  if (failure) return nullptr;
  ArrayValue result(to.env);
  result.push(set_.first ? static_cast<double>(set_.first->pid()) : 0);
  set_.first.reset();
  for (auto& [kind, made] : made_) {
    result.push(make_text(to.env, name_of(kind)));
    result.push(describe(to, std::move(made)));
  }
  return result;
}

void OpenKind::run(ThreadHome& thread) {
  const auto open = [this](auto& target) { return open_kind(target, kind_, opened_); };
  failure = thread.sockets().with_room([&] { return std::visit(open, target_); });
}

napi_value OpenKind::deliver(const Delivery& to) {
  return failure ? nullptr : describe_kind(to, kind_, std::move(opened_));
}

void OpenRelative::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&] {
    Fd fd(::ioctl(of_->fd(), request_));
    if (!fd) return failed("ioctl");
    DescriptorOf descriptor{std::move(fd)};
    kind_ = 0;
    return open_kind(descriptor, kind_, found_);
  });
}

napi_value OpenRelative::deliver(const Delivery& to) {
  return failure ? nullptr : describe_kind(to, kind_, std::move(found_));
}

void PinKind::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&]() -> Failure {
    PinDirectory directory;
    Pin pin;
    if (Failure refused = Pin::prepare(path_, directory, pin)) return refused;
    if (Failure refused = pin.mount(pinned_->fd(), pinned_->identity())) return refused;
    pin_ = std::move(pin);
    return {};
  });
}

void AskKind::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&] { return ask(thread); });
}

Failure AskKind::ask(ThreadHome& thread) {
  if (!plan_) {
    uid_t owner;
    if (::ioctl(of_->fd(), NS_GET_OWNER_UID, &owner) != 0) return failed("ioctl");
    answer_ = std::to_string(owner);
    return {};
  }
  const Failure failure = ask_by(thread, false);
  // Where this process may not enter the namespace, a launcher in its owning user namespace may.
  return failure.error == EPERM ? ask_by(thread, true) : failure;
}

Failure AskKind::ask_by(ThreadHome& thread, bool owner) {
  LaunchPlan plan = *plan_;
  UserNamespacePointer user;
  if (owner) {
    // None to join: this process is in the owning user namespace, or may not open it.
    if (of_->owner(user) || user->is_own()) return Failure{EPERM, "setns"};
    if (Failure failure = plan.join(CLONE_NEWUSER, user->fd())) return failure;
  }
  const bool offsets = plan.head.about == launch::About::offsets;
  if (Failure failure = plan.join(offsets ? CLONE_NEWTIME : CLONE_NEWUTS, of_->fd())) return failure;
  if (!thread.return_home()) return failed("setns");
  Launched launcher;
  if (Failure failure = launcher.start(plan)) return failure;
  Launched::Answer answer;
  const Failure failure = launcher.receive(answer);
  answer_ = std::move(answer.text);
  return failure;
}

napi_value AskKind::deliver(const Delivery& to) {
  return failure ? nullptr : make_text(to.env, answer_);
}

napi_value ListAllNamespaces::deliver(const Delivery& to) {
  ArrayValue result(to.env);
  for (const NamespaceEntry& entry : found_) {
    result.push(make_text(to.env, entry.kind));
    result.push(static_cast<double>(entry.inode));
    result.push(static_cast<double>(entry.processes));
    result.push(static_cast<double>(entry.pid));
    result.push(static_cast<double>(entry.uid));
    result.push(make_text(to.env, entry.command));
    result.push(static_cast<double>(entry.descriptors));
    result.push(make_text(to.env, entry.mounts));
  }
  return result;
}

}  // namespace netloom
