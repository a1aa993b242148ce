// What a transaction does: operations in one or several namespaces, in order, each in steps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "netlink/socket.h"
#include "netns/namespace.h"
#include "rollback/pattern.h"
#include "rollback/undo.h"

namespace netloom {

// A number in a step's bytes that is filled in just before the step is sent.
struct Relocation {
  enum class What : uint8_t { device_index, netns_descriptor };
  What what;
  size_t at;      // offset in the bytes of the plan
  size_t netns;   // the namespace whose descriptor it is, or in which the device is looked up
  uint32_t name;  // of the device: index in the names of the plan
};

// Of a step that removes objects which a dump finds: the step's bytes ask for that dump. The step's lookup, if it has
// one, asks for a dump that also has the objects that stay: a rollback takes the order from it.
struct Flush {
  size_t recipe;
  Pattern pattern;
  bool backwards;   // removes the last object first
  bool first_only;  // removes only the first match; ENOENT if there is none
};

// What the kernel drops besides what a change asks for, and what of it a rollback restores.
struct SideEffect {
  size_t recipe;
  Pattern pattern;
  bool remove_first;          // a rollback removes what is left of an object before it makes the object again
  std::span<uint8_t> lookup;  // a dump, or a query for one object
  std::span<uint8_t> model;   // a change that names the settings to restore; empty: objects are restored
};

// A batch may have a hundred thousand of them, and of the operations below: keep them small.
struct Step {
  uint32_t netns;
  int protocol;
  Ending ending;
  bool undo;       // runs only in a rollback, to undo the step before it
  bool undivided;  // the kernel must get all its messages in one datagram
  bool lasting;    // cannot be undone
  // The object that the operation makes may exist: a tolerated refusal says so, or an object that a flush finds and
  // then leaves alone. The steps that change something are skipped then.
  bool ensures;
  // What its query finds must match the pattern of its flush and is left alone; else the step fails.
  bool expects;
  uint16_t inverse;                          // the message type that undoes its one message; 0: none
  std::optional<uint32_t> recipe;            // how `lookup` finds what was there before, and how that is restored
  std::optional<uint32_t> flush;             // index in the flushes of the plan
  std::span<uint8_t> bytes;                  // messages
  std::span<uint8_t> lookup;                 // one message
  uint32_t first_side_effect, side_effects;  // in those of the plan
  uint32_t first_tolerated, tolerated;       // errnos that count as success, in those of the plan
  uint32_t first_relocation, relocations;    // in those of the plan
};

// A namespace that an operation creates.
struct Creation {
  size_t netns;
  std::string path;  // empty: anonymous
  bool ephemeral;
  bool rootless;  // in a user namespace of this process
};

// What became of an operation. `stuck`: it was done, and could not be undone.
enum class Outcome : uint8_t { waiting, done, failed, undone, stuck };

struct Operation {
  uint32_t first_step, steps;
  std::unique_ptr<Creation> creation;  // instead of steps
  uint32_t first_forgiven, forgiven;   // errnos of failures that the caller does not count as such

  // What one step received.
  struct Answer {
    size_t step;
    Replies replies;
  };
  // Most operations of a large batch have none.
  struct Details {
    std::optional<size_t> failed_step;
    Failure failure;  // none: the kernel refused a message, and the answer says which
    std::string missing_device;
    bool leftover = false;  // what it did before it failed could not be undone
    bool forgiven = false;
    bool found = false;  // the object that it should make existed: it has changed nothing
    std::vector<Answer> answers;
    // Messages that restore what was there before a step.
    struct Restoring {
      size_t step;
      std::vector<uint8_t> messages;
    };
    std::vector<Restoring> restoring;
    // The same of side effects, by their index in the plan.
    std::vector<std::pair<size_t, std::vector<uint8_t>>> restoring_side_effects;
    // A name is looked up once: a device that an earlier step renames is still the one that a later step means.
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

// Operations, and what they refer to by index.
struct Plan {
  bool rollback = false;                     // if one operation fails, the operations before it are undone
  bool stop_at_failure = true;               // else the later ones are tried, too
  std::vector<NamespacePointer> namespaces;  // null: to be created
  std::vector<uint8_t> bytes;
  std::vector<Step> steps;
  std::vector<Relocation> relocations;
  std::vector<int> tolerated;
  std::vector<std::string> names;
  std::vector<UndoRecipe> recipes;
  std::vector<Flush> flushes;
  std::vector<SideEffect> side_effects;
  std::vector<Operation> operations;

  // Whether every offset and index in it is inside what it refers to.
  bool is_sound() const;
};

}  // namespace netloom
