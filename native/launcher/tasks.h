// The launcher's tasks, one in each file. It has no heap: it receives into one static buffer.
#pragma once

#include "launcher/plan.h"
#include "launcher/system.h"

namespace netloom::launch {

// How a step failed; `error` is 0 for success.
struct Failure {
  int error = 0;
  Step step = Step::none;
  explicit operator bool() const { return error != 0; }
};

// The failure of a call that returned `result`; success unless that is negative.
inline Failure failed(long result, Step step) {
  return result < 0 ? Failure{static_cast<int>(-result), step} : Failure{};
}

// The plan that this process has received, with its descriptors.
struct Work {
  Plan plan;
  int descriptors[kMostDescriptors];
  uint32_t descriptor_count;
  int socket;        // to the process that has started it
  int proc;          // /proc, opened before any namespace was entered
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
// 0, or -errno: EMFILE where this process has no room for the descriptors, EBADMSG if it is no such message.
long receive(int socket, void* head, size_t size, int* descriptors, uint32_t& descriptor_count, char*& rest,
             size_t& rest_size);
void report(int socket, Failure failure, int value = 0, const char* text = nullptr, uint32_t size = 0,
            const int* descriptors = nullptr, uint32_t descriptor_count = 0);
// Reports a failure and ends this process.
[[noreturn]] void fail(int socket, Failure failure);

// namespaces.cc
// Enters the control group, joins the namespaces of the plan and makes the others. A pid namespace is for children
// only.
Failure enter(const Work& work);
// Makes a user namespace with the maps of the plan, without a process in it.
Failure make_user(const Work& work, int& user);
// Opens a namespace of this process: a name in /proc/PID/ns.
Failure open_namespace(const Work& work, const char* name, int& opened);

// mounts.cc
Failure mount_like_ip_netns(const Work& work);
// Once all namespaces are entered: sets what belongs to them.
Failure settle(const Work& work, bool made_mounts_by_user);

// execute.cc
[[noreturn]] void become(const Work& work, int errors);

// run.cc, make.cc, ask.cc, serve.cc
[[noreturn]] void run(const Work& work);
[[noreturn]] void make(const Work& work);
[[noreturn]] void ask(const Work& work);
[[noreturn]] void serve(const Work& work);

// first.cc
// Runs as the first process of a pid namespace until no process has the other end of `lifeline` open.
[[noreturn]] void be_first(int lifeline);

// monitor.cc
[[noreturn]] void monitor(const Work& work);

}  // namespace netloom::launch
