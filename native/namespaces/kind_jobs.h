// The jobs on namespaces of all kinds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "namespaces/namespace_jobs.h"
#include "namespaces/scan_proc.h"
#include "netns/namespace.h"
#include "netns/namespace_set.h"
#include "threads/job.h"

namespace netloom {

class CreateSet final : public Job {
 public:
  explicit CreateSet(LaunchPlan plan) : plan_(std::move(plan)) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return kKinds.size(); }
  // [pid of the first process of the pid namespace or 0, kind, [handle, device, inode], kind, …]
  napi_value deliver(const Delivery& to) override;
  void discard() override;

 private:
  LaunchPlan plan_;
  NamespaceSet set_;
  std::vector<std::pair<int, NamespacePointer>> made_;
};

// Ends the first process of a pid namespace, whereupon the kernel kills all others there.
class EndFirstProcess final : public Job {
 public:
  explicit EndFirstProcess(std::shared_ptr<FirstProcess> first) : first_(std::move(first)) {}
  void run(ThreadHome&) override { first_.reset(); }
  napi_value deliver(const Delivery&) override { return nullptr; }

 private:
  std::shared_ptr<FirstProcess> first_;
};

class OpenKind final : public Job {
 public:
  OpenKind(OpenNamespace::Target target, int kind) : target_(std::move(target)), kind_(kind) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return std::holds_alternative<DescriptorOf>(target_) ? 0 : 1; }
  // [kind, [handle, device, inode]]
  napi_value deliver(const Delivery& to) override;

 private:
  OpenNamespace::Target target_;
  int kind_;
  NamespacePointer opened_;
};

// Opens a namespace's owning user namespace (NS_GET_USERNS), or its parent (NS_GET_PARENT).
class OpenRelative final : public Job {
 public:
  OpenRelative(NamespacePointer of, unsigned long request) : of_(std::move(of)), request_(request) {}
  void run(ThreadHome& thread) override;
  size_t opens() const override { return 1; }
  // [kind, [handle, device, inode]]
  napi_value deliver(const Delivery& to) override;

 private:
  NamespacePointer of_;
  unsigned long request_;
  int kind_ = 0;
  NamespacePointer found_;
};

class PinKind final : public Job {
 public:
  PinKind(NamespacePointer pinned, std::string path) : pinned_(std::move(pinned)), path_(std::move(path)) {}
  void run(ThreadHome& thread) override;
  napi_value deliver(const Delivery&) override {
    pin_.disarm();
    return nullptr;
  }
  void discard() override { pin_ = Pin(); }

 private:
  NamespacePointer pinned_;
  std::string path_;
  Pin pin_;
};

// Reads the uid of the owner of a user namespace; reads or changes the names of a uts namespace or the offsets of a
// time namespace.
class AskKind final : public Job {
 public:
  // Without a plan, reads the owner's uid.
  AskKind(NamespacePointer of, std::optional<LaunchPlan> plan) : of_(std::move(of)), plan_(std::move(plan)) {}
  void run(ThreadHome& thread) override;
  // The text.
  napi_value deliver(const Delivery& to) override;

 private:
  Failure ask(ThreadHome& thread);
  Failure ask_by(ThreadHome& thread, bool owner);

  NamespacePointer of_;
  std::optional<LaunchPlan> plan_;
  std::string answer_;
};

class ListAllNamespaces final : public Job {
 public:
  void run(ThreadHome&) override { failure = scan_proc(found_); }
  // [kind, inode, processes, pid, uid, command, descriptors, mounts each with a line feed at its end, kind, …]
  napi_value deliver(const Delivery& to) override;

 private:
  std::vector<NamespaceEntry> found_;
};

}  // namespace netloom
