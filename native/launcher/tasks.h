// What the launcher does, a file each. It has no heap: what it receives is in one static buffer.
#pragma once

#include "launcher/plan.h"
#include "launcher/system.h"

namespace netloom::launch {

// How a step failed; of success the error is 0.
struct Failure {
  int error = 0;
  Step step = Step::none;
  explicit operator bool() const { return error != 0; }
};

// The failure of a call that gave `result`, if it did fail.
inline Failure failed(long result, Step step) {
  return result < 0 ? Failure{static_cast<int>(-result), step} : Failure{};
}

// The plan that this process received, and what came with it.
struct Work {
  Plan plan;
  int descriptors[kMostDescriptors];
  uint32_t descriptor_count;
  int socket;        // to the process that has started it
  int proc;          // /proc as it is where this process began
  char** arguments;  // argv[0], the socket's number, the program, its arguments …
  char** environment;

  const char* text(Part part) const;
  bool has(Flag flag) const { return (plan.flags & flag) != 0; }
  bool makes(int kind) const { return (plan.made & kind) != 0; }
  bool joins(int kind) const;
};

// main.cc
[[noreturn]] void begin(int count, char** arguments, char** environment);

// message.cc
// 0, or -errno: EMFILE where there is no room for its descriptors, EBADMSG for what is no such message.
long receive(int socket, void* head, size_t size, int* descriptors, uint32_t& descriptor_count, char*& rest,
             size_t& rest_size);
void report(int socket, Failure failure, int value = 0, const char* text = nullptr, uint32_t size = 0,
            const int* descriptors = nullptr, uint32_t descriptor_count = 0);
// Ends this process, which has failed.
[[noreturn]] void fail(int socket, Failure failure);

// namespaces.cc
// Enters the control group and the namespaces of the plan and makes the others; a process namespace is one for
// children.
Failure enter(const Work& work);
// A user namespace with the maps of the plan, in which no process is.
Failure make_user(const Work& work, int& user);
// A namespace of this process, opened: a name of /proc/PID/ns.
Failure open_namespace(const Work& work, const char* name, int& opened);

// mounts.cc
Failure mount_like_ip_netns(const Work& work);
// In all its namespaces: what is theirs.
Failure settle(const Work& work, bool made_mounts_by_user);

// execute.cc
[[noreturn]] void become(const Work& work, int errors);

// run.cc, make.cc, ask.cc, serve.cc
[[noreturn]] void run(const Work& work);
[[noreturn]] void make(const Work& work);
[[noreturn]] void ask(const Work& work);
[[noreturn]] void serve(const Work& work);

// first.cc
// Stays as the first process of a pid namespace until the other end of `lifeline` is closed everywhere.
[[noreturn]] void be_first(int lifeline);

// monitor.cc
[[noreturn]] void monitor(const Work& work);

}  // namespace netloom::launch
