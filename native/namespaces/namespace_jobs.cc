#include "namespaces/namespace_jobs.h"

#include <functional>

#include "node/values.h"

namespace netloom {
Use use_of_path(const std::string& path, bool changes) {
  // No device has this number. Jobs for two paths with the same hash run one after another, which does no harm.
  return Use{{UINT64_MAX, std::hash<std::string>()(path)}, changes};
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

void DeleteNamespace::run(ThreadHome& thread) {
  const Identity* expected = expected_ ? &expected_->identity() : nullptr;
  failure = thread.sockets().with_room([&] { return Pin::remove(path_, expected, unpinned_); });
  if (!failure && expected_) expected_->disown();
}

napi_value DeleteNamespace::deliver(const Delivery& to) {
  if (failure || !unpinned_) return nullptr;
  ArrayValue result(to.env);
  result.push(static_cast<double>(unpinned_->device));
  result.push(static_cast<double>(unpinned_->inode));
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
