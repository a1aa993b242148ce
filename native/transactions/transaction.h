// One job that speaks netlink: operations over one or several namespaces, in order. Each is carried out in steps, of
// which the earlier ones are undone if a later one fails; and with `rollback` all operations are, if one fails.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "netns/namespace.h"
#include "rollback/pattern.h"
#include "rollback/undo.h"
#include "threads/job.h"

namespace netloom {

// A place in a step's bytes that is known only when the step is about to be sent.
struct Relocation {
  enum class What : uint8_t { device_index, netns_descriptor };
  What what;
  size_t at;      // in the bytes of all steps
  size_t netns;   // whose descriptor it is, or where the device is looked up
  uint32_t name;  // of the device
};

// A step that removes what a dump finds: its bytes ask for the dump, its lookup, if there is one, for the same with
// those that stay, among which the others have their places.
struct Sweep {
  size_t recipe;
  Pattern pattern;
  bool backwards;   // the last ones first
  bool first_only;  // and it is an error if there is none
};

// What the kernel drops along with a change, and what of it is brought back when the change is taken back.
struct Along {
  size_t recipe;
  Pattern pattern;
  bool anew;                  // what is there is removed first, for it may be there with less
  std::span<uint8_t> lookup;  // a dump or a look-up
  std::span<uint8_t> model;   // a change that names the settings to bring back; empty: objects are brought back
};

// A batch may have a hundred thousand of them, and of the operations below: they are kept small.
struct Step {
  uint32_t netns;
  int protocol;
  Ending ending;
  bool undo;       // runs only to take back the step before it
  bool undivided;  // the kernel must see all its messages at once
  bool lasting;    // nothing can take it back
  // What the operation makes may be there already: a tolerated refusal says so, or an object that a sweep finds and
  // then leaves alone. The steps that would change something are passed over then.
  bool ensures;
  // What its look-up finds has to be as the pattern of its sweep says, and is left alone; else it fails.
  bool expects;
  uint16_t inverse;                // the message type that takes its one message back; 0: none
  std::optional<uint32_t> recipe;  // how what was there before is found by `lookup`, and brought back
  std::optional<uint32_t> sweep;   // in all sweeps
  std::span<uint8_t> bytes;
  std::span<uint8_t> lookup;
  uint32_t first_along, along;             // in all that is dropped along
  uint32_t first_tolerated, tolerated;     // in all errnos that are as good as success
  uint32_t first_relocation, relocations;  // in all relocations
};

// A namespace that an operation creates.
struct Creation {
  size_t netns;
  std::string path;  // empty: anonymous
  bool ephemeral;
  bool rootless;  // in the user namespace that this process shares with itself
};

// What became of an operation.
enum class Outcome : uint8_t { waiting, done, failed, undone, stuck };

struct Operation {
  uint32_t first_step, steps;
  std::unique_ptr<Creation> creation;  // instead of steps
  uint32_t first_forgiven, forgiven;   // in all errnos: failures that are none to the caller

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
    bool found = false;  // what it was to make was there: it has changed nothing
    std::vector<Answer> answers;
    // What brings back what was there before a step.
    struct Restoring {
      size_t step;
      std::vector<uint8_t> messages;
    };
    std::vector<Restoring> restoring;
    // The same of what goes along, by the place in all that does.
    std::vector<std::pair<size_t, std::vector<uint8_t>>> restoring_along;
    // A device that is named once stays the one that is meant, whatever it is called later.
    struct Device {
      size_t netns;
      uint32_t name;
      int32_t index;
    };
    std::vector<Device> devices;
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
  std::vector<Sweep> sweeps;
  std::vector<Along> along;
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
  // How many operations are over.
  size_t progress() const override { return over_.load(std::memory_order_relaxed); }
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
  Failure find_named(ThreadHome& thread, const Step& step, const Relocation& relocation, Operation& operation,
                     int32_t& index);
  // Removes what a dump finds. What is told are refusals alone.
  Failure sweep(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies);
  // Looks whether what there is is as a step expects it.
  Failure expect(ThreadHome& thread, const Step& step, Replies& replies);
  // Sends to the namespace of a step, and again while the kernel says that its dump is not whole.
  Failure read_whole(ThreadHome& thread, const Step& step, const NetlinkSocket::Request& request, Replies& replies);
  // Notes what brings back those of all objects that are removed.
  void note_swept(const Step& step, const Replies& all, const std::vector<std::vector<uint8_t>>& removals,
                  Operation& operation);
  // Sends to the namespace of a step.
  Failure send(ThreadHome& thread, const Step& step, const NetlinkSocket::Request& request, Replies& replies);
  // Notes what the kernel has before the step changes it.
  Failure look_before(ThreadHome& thread, const Step& step, Operation& operation);
  void note_restoring(const Step& step, const Replies& replies, Operation& operation);
  Failure look_along(ThreadHome& thread, const Step& step, size_t along, Operation& operation);
  Failure look(ThreadHome& thread, const Step& step, std::span<uint8_t> lookup, Replies& replies);
  // False if something could not be taken back.
  bool undo_steps(ThreadHome& thread, Operation& operation, size_t end);
  bool undo_step(ThreadHome& thread, const Step& step, Operation& operation);
  // Brings back of what went along what is not there; `messages` make it.
  bool send_missing(ThreadHome& thread, const Step& step, const Along& along, std::vector<uint8_t> messages);
  bool undo(ThreadHome& thread, Operation& operation);
  // The step of an operation that is taken back by one message; nothing if it takes more.
  const Step* lone_step(const Operation& operation) const;
  // The first of the operations before `end` that are taken back together.
  size_t begin_of_undo(size_t end) const;
  void undo_together(ThreadHome& thread, size_t first, size_t end);
  // Sends messages that take back, again and again as long as there is progress: one may need what another one makes.
  bool send_back(ThreadHome& thread, const Step& step, std::vector<uint8_t> messages);
  // Notes how an operation failed.
  void fail(Operation& operation, Failure failure, size_t step);
  std::span<const int> tolerated(const Step& step) const;
  size_t index_of(const Step& step, const Operation& operation) const {
    return static_cast<size_t>(&step - &script_.steps[operation.first_step]);
  }

  Script script_;
  size_t creations_ = 0;
  Replies first_replies_;
  std::atomic<bool> interrupted_ = false;
  bool rolled_back_ = false;
  size_t tried_ = 0;  // operations
  std::atomic<size_t> over_ = 0;
  std::vector<bool> created_;  // by namespace: whether an operation creates it
};

}  // namespace netloom
