// One job that speaks netlink: operations over one or several namespaces, in order. Each is carried out in steps, of
// which the earlier ones are undone if a later one fails; and with `rollback` all operations are, if one fails.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job.h"
#include "namespace.h"
#include "undo.h"

namespace netloom {

// A place in a step's bytes that is known only when the step is about to be sent.
struct Relocation {
  enum class What : uint8_t { device_index, netns_descriptor };
  What what;
  size_t at;      // in the bytes of all steps
  size_t netns;   // whose descriptor it is, or where the device is looked up
  uint32_t name;  // of the device
};

struct Step {
  size_t netns;
  int protocol;
  Ending ending;
  bool undo;                     // runs only to take back the step before it
  bool undivided;                // the kernel must see all its messages at once
  bool lasting;                  // nothing can take it back
  uint16_t inverse;              // the message type that takes its one message back; 0: none
  std::optional<size_t> recipe;  // how what was there before is found by `lookup`, and brought back
  std::span<uint8_t> bytes;
  std::span<uint8_t> lookup;
  size_t first_tolerated, tolerated;     // in all errnos that are as good as success
  size_t first_relocation, relocations;  // in all relocations
};

// A namespace that an operation creates.
struct Creation {
  size_t netns;
  std::string path;  // empty: anonymous
  bool ephemeral;
};

// What became of an operation.
enum class Outcome : uint8_t { waiting, done, failed, undone, stuck };

struct Operation {
  size_t first_step, steps;
  std::optional<Creation> creation;  // instead of steps
  size_t first_forgiven, forgiven;   // in all errnos: failures that are none to the caller

  // What one step received.
  struct Answer {
    size_t step;
    Replies replies;
  };
  // Most operations of a large batch have nothing to tell.
  struct Details {
    std::optional<size_t> failed_step;
    Failure failure;  // none: the kernel refused a message, and the answer says which
    std::string missing_device;
    bool leftover = false;
    bool forgiven = false;
    std::vector<Answer> answers;
    std::vector<std::pair<size_t, std::vector<uint8_t>>> restoring;  // by step: the message that brings back what was
    Pin pin;
  };
  Outcome outcome = Outcome::waiting;
  std::unique_ptr<Details> details;

  Details& tell() {
    if (!details) details = std::make_unique<Details>();
    return *details;
  }
};

// What all operations of a transaction refer to.
struct Script {
  bool rollback = false;                     // if one operation fails, those before it are undone
  bool stop_at_failure = true;               // else the later ones are tried all the same
  std::vector<NamespacePointer> namespaces;  // null: to be created
  std::vector<uint8_t> bytes;
  std::vector<Step> steps;
  std::vector<Relocation> relocations;
  std::vector<int> tolerated;
  std::vector<std::string> names;
  std::vector<UndoRecipe> recipes;
  std::vector<Operation> operations;

  // Whether every place and number in it is inside what it refers to.
  bool is_sound() const;
};

class Transaction final : public Job {
 public:
  // `script` must be sound. Its namespaces stay open until the job is gone: messages carry their descriptors.
  explicit Transaction(Script script);
  // On JavaScript's thread: makes room for the answer of a look-up. What one thread takes and another gives back costs
  // more than all else around a look-up.
  void expect_answer();

  void run(ThreadHome& thread) override;
  size_t opens() const override { return creations_; }
  // The run ends between two operations; with `rollback` what was done is undone.
  bool interrupt() override;
  // Nothing when all went well and the kernel said nothing but plain acknowledgements; else [whether it was
  // interrupted, whether it was rolled back, how many operations were tried, report, …], in which each operation that
  // has something to tell is a report: [operation, state, failed step, errno, system call, name of the device that was
  // not found, whether something is left over, created namespace, answer, …], and each answer [step, first sequence,
  // interrupted, Buffer, …]. A number stands for a Buffer whose bytes, so many of them, lie in the scratch memory; and
  // a number alone for all of it where one operation was done, and one such answer to its first step is all that there
  // is to tell.
  napi_value deliver(const Delivery& to) override;

 private:
  // Puts the answer of a look-up into the scratch memory; 0 if there is more to tell.
  size_t lone_answer(std::span<uint8_t> scratch);
  // Operations that can be sent in one piece: each one message whose effect its inverse takes back, to one namespace.
  size_t end_of_run(size_t first) const;
  void run_together(ThreadHome& thread, size_t first, size_t end);
  size_t send_together(ThreadHome& thread, size_t first, size_t end);
  void run_alone(ThreadHome& thread, Operation& operation);
  void create(ThreadHome& thread, Operation& operation);
  void roll_back(ThreadHome& thread);

  Failure execute(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies);
  Failure relocate(ThreadHome& thread, const Step& step, Operation& operation);
  // Notes what the kernel has before the step changes it.
  Failure look_before(ThreadHome& thread, const Step& step, Operation& operation);
  // False if something could not be taken back.
  bool undo_steps(ThreadHome& thread, Operation& operation, size_t end);
  bool undo(ThreadHome& thread, Operation& operation);
  // Notes how an operation failed.
  void fail(Operation& operation, Failure failure, size_t step);
  bool send_undo(ThreadHome& thread, const Step& step, std::span<uint8_t> message);
  std::span<const int> tolerated(const Step& step) const;

  Script script_;
  size_t creations_;
  Replies first_replies_;
  std::atomic<bool> interrupted_ = false;
  bool rolled_back_ = false;
  size_t tried_ = 0;  // operations
};

}  // namespace netloom
