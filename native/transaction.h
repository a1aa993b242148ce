// One job that speaks netlink: steps over one or several namespaces, in order, each undone if a later one fails.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job.h"
#include "namespace.h"

namespace netloom {

// A place in a step's bytes that takes the index of a device: known to the kernel only when the step is about to be
// sent.
struct Relocation {
  size_t at;
  size_t netns;
  std::string device;
};

struct Step {
  size_t netns;
  int protocol;
  Ending ending;
  bool undo;  // runs only if a step after the one it follows fails
  std::span<uint8_t> bytes;
  std::vector<Relocation> relocations;
  std::vector<int> tolerated;  // errnos of refusals that are as good as success
};

class Transaction final : public Job {
 public:
  // `bytes` holds the messages of all steps. The namespaces stay open until the job is gone: messages carry their
  // descriptors.
  Transaction(std::vector<NamespacePointer> namespaces, std::vector<uint8_t> bytes)
      : namespaces_(std::move(namespaces)), bytes_(std::move(bytes)) {}

  // The step that is described by a plan (see addon.cc) or false if it does not fit the bytes.
  bool add(Step step, size_t offset, size_t length);

  void run(ThreadHome& thread) override;
  // [failed step, name of the device that was not found, whether an undo failed, [step, first sequence, interrupted,
  // Buffer, …], …]; nothing when all went well and the kernel said nothing but plain acknowledgements. A number stands
  // for a Buffer whose bytes, so many of them, lie in the scratch memory.
  napi_value deliver(const Delivery& to) override;

 private:
  struct Outcome {
    size_t step;
    Replies replies;
  };

  Failure execute(ThreadHome& thread, Step& step, Outcome& outcome);
  Failure relocate(ThreadHome& thread, Step& step);
  void undo(ThreadHome& thread, size_t failed);

  std::vector<NamespacePointer> namespaces_;
  std::vector<uint8_t> bytes_;
  std::vector<Step> steps_;
  std::vector<Outcome> outcomes_;
  std::optional<size_t> failed_step_;
  std::string missing_device_;
  bool undo_failed_ = false;
};

}  // namespace netloom
