#include "namespaces/namespace_jobs.h"

#include <functional>

#include "node/values.h"

namespace netloom {
Use use_of_path(const std::string& path, bool changes) {
  // No device has this number. Jobs for two paths with the same hash run one after another, which does no harm.
  return Use{{UINT64_MAX, std::hash<std::string>()(path)}, changes};
}

Use use_of_chain(uint64_t chain) {
  return Use{{UINT64_MAX - 1, chain}, true};  // nor this one
}

napi_value describe(const Delivery& to, NamespacePointer netns) {
  const Identity identity = netns->identity();
  ArrayValue result(to.env);
  result.push(static_cast<double>(to.handles.keep(std::move(netns))));
  result.push(static_cast<double>(identity.device));
  result.push(static_cast<double>(identity.inode));
  return result;
}

napi_value CreateNamespace::deliver(const Delivery& to) {
  if (failure) return nullptr;
  if (ephemeral_) {
    created_->own(std::move(pin_));
  } else {
    pin_.disarm();
  }
  return describe(to, std::move(created_));
}

void OpenNamespace::run(ThreadHome& thread) {
  const auto open = [this](auto& target) { return open_namespace(target, opened_); };
  failure = thread.sockets().with_room([&] { return std::visit(open, target_); });
}

napi_value OpenNamespace::deliver(const Delivery& to) {
  return failure ? nullptr : describe(to, std::move(opened_));
}

void DeleteNamespaces::run(ThreadHome& thread) {
  DirectoryEntry entry;
  for (Deletion& one : deletions_) {
    const Identity* expected = one.expected ? &one.expected->identity() : nullptr;
    one.failure = thread.sockets().with_room([&] { return Pin::remove(one.path, expected, one.unpinned, entry); });
    if (!one.failure && one.expected) one.expected->disown();
  }
}

napi_value DeleteNamespaces::deliver(const Delivery& to) {
  ArrayValue result(to.env);
  for (const Deletion& one : deletions_) {
    result.push(one.failure.error);
    result.push(one.failure.call ? make_text(to.env, one.failure.call) : nullptr);
    result.push(one.unpinned ? make_number(to.env, static_cast<double>(one.unpinned->device)) : nullptr);
    result.push(one.unpinned ? make_number(to.env, static_cast<double>(one.unpinned->inode)) : nullptr);
  }
  return result;
}

void RemoveLeftover::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([this]() -> Failure {
    DirectoryEntry entry;
    if (Failure refused = DirectoryEntry::open(path_, entry)) return refused;
    return remove_pin_file(entry);
  });
}

void ListNamespaces::run(ThreadHome& thread) {
  failure = thread.sockets().with_room([this] {
    found_.clear();
    return list_pinned(directory_, found_);
  });
}

napi_value ListNamespaces::deliver(const Delivery& to) {
  ArrayValue result(to.env);
  for (const Pinned& pinned : found_) {
    result.push(make_text(to.env, pinned.name));
    result.push(static_cast<double>(pinned.identity.device));
    result.push(static_cast<double>(pinned.identity.inode));
  }
  return result;
}

napi_value ListLeftovers::deliver(const Delivery& to) {
  ArrayValue result(to.env);
  for (const std::string& name : found_)
    result.push(make_text(to.env, name));
  return result;
}

}  // namespace netloom
