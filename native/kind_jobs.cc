#include "kind_jobs.h"

#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "environment.h"
#include "kinds.h"
#include "values.h"

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
    return create_set(thread.child_stack(), request_, set_);
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
    Pin pin;
    if (Failure refused = Pin::prepare(path_, pin)) return refused;
    if (Failure refused = pin.mount(pinned_->fd())) return refused;
    pin_ = std::move(pin);
    return {};
  });
}

void AskKind::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([&] { return ask(thread); });
}

Failure AskKind::ask(ThreadHome& thread) {
  if (about_ == About::owner) {
    uid_t owner;
    if (::ioctl(of_->fd(), NS_GET_OWNER_UID, &owner) != 0) return failed("ioctl");
    answer_ = std::to_string(owner);
    return {};
  }
  UserNamespacePointer user;
  (void)of_->owner(user);  // none: this process is in it, or may not know of it
  if (about_ == About::offsets) return read_offsets(thread.child_stack(), of_->fd(), user ? user->fd() : -1, answer_);
  // A child goes in, so that no thread has to come back.
  return in_child(thread.child_stack(), [&] {
    if (::setns(of_->fd(), CLONE_NEWUTS) != 0) {
      const Failure refused = failed("setns");
      if (refused.error != EPERM || !user || user->enter()) return refused;
      if (::setns(of_->fd(), CLONE_NEWUTS) != 0) return failed("setns");
    }
    return ask_names();
  });
}

Failure AskKind::ask_names() {
  const bool host = about_ == About::host;
  if (change_ &&
      (host ? ::sethostname(change_->data(), change_->size()) : ::setdomainname(change_->data(), change_->size())) != 0)
    return failed(host ? "sethostname" : "setdomainname");
  utsname names;
  if (::uname(&names) != 0) return failed("uname");
  answer_ = host ? names.nodename : names.domainname;
  return {};
}

napi_value AskKind::deliver(const Delivery& to) {
  return failure ? nullptr : make_text(to.env, answer_);
}

napi_value ListMachine::deliver(const Delivery& to) {
  ArrayValue result(to.env);
  for (const MachineEntry& entry : found_) {
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
