// The jobs on namespaces themselves.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "netns/namespace.h"
#include "netns/pin_file.h"
#include "netns/prefetch.h"
#include "threads/job.h"

namespace netloom {

// Keeps calls for one path in the order of their submission.
Use use_of_path(const std::string& path, bool changes);

// Keeps the transactions of a chain in their order, whatever namespaces they use.
Use use_of_chain(uint64_t chain);

// [handle, device, inode] of a namespace that is handed to JavaScript.
napi_value describe(const Delivery& to, NamespacePointer netns);

class CreateNamespace final : public Job {
 public:
  // An empty path: anonymous. An ephemeral one is unpinned when its handle is closed or the environment ends.
  CreateNamespace(std::string path, bool ephemeral) : path_(std::move(path)), ephemeral_(ephemeral) {}
  void run(ThreadHome& thread) override {
    PinDirectory directory;
    failure = create_namespace(thread, path_, directory, created_, pin_);
  }
  size_t opens() const override { return 1; }
  // [handle, device, inode]
  napi_value deliver(const Delivery& to) override;
  void discard() override {
    pin_ = Pin();
    created_.reset();
  }

 private:
  std::string path_;
  bool ephemeral_;
  NamespacePointer created_;
  Pin pin_;
};

// Unpins an ephemeral namespace whose handle was closed, and then closes its descriptor.
class Unpin final : public Job {
 public:
  Unpin(NamespacePointer netns, Pin pin) : netns_(std::move(netns)), pin_(std::move(pin)) {}
  void run(ThreadHome&) override { pin_ = Pin(); }
  napi_value deliver(const Delivery&) override { return nullptr; }

 private:
  NamespacePointer netns_;
  Pin pin_;
};

class OpenNamespace final : public Job {
 public:
  using Target = std::variant<PathOf, DescriptorOf, ProcessOf, ThreadOf>;
  explicit OpenNamespace(Target target) : target_(std::move(target)) {}
  void run(ThreadHome& thread) override;
  // A descriptor that was passed is open already.
  size_t opens() const override { return std::holds_alternative<DescriptorOf>(target_) ? 0 : 1; }
  // [handle, device, inode]
  napi_value deliver(const Delivery& to) override;

 private:
  Target target_;
  NamespacePointer opened_;
};

class DeleteNamespaces final : public Job {
 public:
  struct Deletion {
    std::string path;
    NamespacePointer expected;  // only if the path is still pinned to this one; null: to any
    Failure failure;
    std::optional<Identity> unpinned;
  };
  explicit DeleteNamespaces(std::vector<Deletion> deletions) : deletions_(std::move(deletions)) {}
  void run(ThreadHome& thread) override;
  // Of each [errno, system call, device, inode] of the namespace that was pinned there; the last two are undefined if
  // it was only a symbolic link.
  napi_value deliver(const Delivery& to) override;

 private:
  std::vector<Deletion> deletions_;
};

// Closes namespaces, for which JavaScript's thread need not wait.
class CloseNamespaces final : public Job {
 public:
  explicit CloseNamespaces(std::vector<NamespacePointer> closed) : closed_(std::move(closed)) {}
  void run(ThreadHome&) override { closed_.clear(); }
  napi_value deliver(const Delivery&) override { return nullptr; }

 private:
  std::vector<NamespacePointer> closed_;
};

// Removes a file without a namespace that a killed process has left in the directory of named namespaces.
class RemoveLeftover final : public Job {
 public:
  explicit RemoveLeftover(std::string path) : path_(std::move(path)) {}
  void run(ThreadHome& thread) override;
  napi_value deliver(const Delivery&) override { return nullptr; }

 private:
  std::string path_;
};

class ListNamespaces final : public Job {
 public:
  explicit ListNamespaces(std::string directory) : directory_(std::move(directory)) {}
  void run(ThreadHome& thread) override;
  // [name, device, inode, name, device, inode, …]
  napi_value deliver(const Delivery& to) override;

 private:
  std::string directory_;
  std::vector<Pinned> found_;
};

// Lists such files.
class ListLeftovers final : public Job {
 public:
  explicit ListLeftovers(std::string directory) : directory_(std::move(directory)) {}
  void run(ThreadHome&) override { failure = list_leftovers(directory_, found_); }
  // [name, name, …]
  napi_value deliver(const Delivery& to) override;

 private:
  std::string directory_;
  std::vector<std::string> found_;
};

// Closes the prefetched namespaces.
class ReleasePrefetched final : public Job {
 public:
  void run(ThreadHome& thread) override { thread.prefetch().release(); }
  napi_value deliver(const Delivery&) override { return nullptr; }
};

}  // namespace netloom
