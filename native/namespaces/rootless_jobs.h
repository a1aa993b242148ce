// The jobs that create and enter namespaces without privilege.
#pragma once

#include <utility>
#include <vector>

#include "namespaces/namespace_jobs.h"
#include "node/values.h"

namespace netloom {

class CreateRootless final : public Job {
 public:
  // In the owning user namespace of `with`; or, if that is null, in the one that the plan makes.
  CreateRootless(LaunchPlan plan, NamespacePointer with) : plan_(std::move(plan)), with_(std::move(with)) {}
  void run(ThreadHome& thread) override { failure = create_rootless(thread, plan_, with_, created_); }
  size_t opens() const override { return 1; }
  // [handle, device, inode]
  napi_value deliver(const Delivery& to) override { return failure ? nullptr : describe(to, std::move(created_)); }
  void discard() override { created_.reset(); }

 private:
  LaunchPlan plan_;
  NamespacePointer with_;
  NamespacePointer created_;
};

// What a child of this process enters to be in a namespace.
class FindToJoin final : public Job {
 public:
  explicit FindToJoin(NamespacePointer netns) : netns_(std::move(netns)) {}
  void run(ThreadHome& thread) override { failure = netns_->namespaces_to_join(thread, to_join_); }
  // [descriptor, CLONE_NEW…, descriptor, CLONE_NEW…, …]: owned by the handle, valid while it is open.
  napi_value deliver(const Delivery& to) override {
    ArrayValue result(to.env);
    for (const auto& [fd, kind] : to_join_) {
      result.push(fd);
      result.push(kind);
    }
    return result;
  }

 private:
  NamespacePointer netns_;
  std::vector<Namespace::ToJoin> to_join_;
};

}  // namespace netloom
