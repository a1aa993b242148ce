// The launcher: a program that is executed in our own namespaces and then enters the namespaces of others in place of
// Node. No process there may get access to Node's memory; the launcher's address space holds nothing of it. See
// docs/inside/launcher.md.
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

Work work;

// Reads a number up to a comma or the end; -1 if there is no number.
int number_of(const char*& text) {
  if (*text < '0' || *text > '9') return -1;
  int number = 0;
  while (*text >= '0' && *text <= '9')
    number = number * 10 + (*text++ - '0');
  if (*text == ',') ++text;
  return number;
}

// Reads the first argument: the number of the socket and, behind commas, those of descriptors that are not passed on.
// Closes those before the plan is received, whose descriptors would get these numbers otherwise.
int read_descriptors(const char* text) {
  const int socket = number_of(text);
  while (*text != 0) {
    const int closed = number_of(text);
    if (closed < 0) return -1;
    close(closed);
  }
  return socket;
}

char* rest;

}  // namespace

const char* Work::text(Part part) const {
  return rest + part.offset;
}

bool Work::joins(int kind) const {
  for (uint32_t i = 0; i < plan.joined_count; ++i)
    if (plan.joined[i] == kind) return true;
  return false;
}

void begin(int count, char** arguments, char** environment) {
  // Before anything is read: from now on only a process with CAP_SYS_PTRACE in our own user namespace may read this
  // memory or /proc/PID/{mem,environ,maps,fd,cwd,root}.
  const long hidden = prctl(PR_SET_DUMPABLE, 0);
  size_t size = 0;
  work.socket = count > 1 ? read_descriptors(arguments[1]) : -1;
  // Without a program to execute it needs no descriptor but the socket; others may have been inherited.
  const long closed = count == 2 && work.socket >= 0 ? close_all_but(work.socket, -1) : 0;
  const long received = work.socket < 0 ? -EBADF
                                        : receive(work.socket, &work.plan, sizeof work.plan, work.descriptors,
                                                  work.descriptor_count, rest, size);
  if (received < 0) {
    // Valid only if the addon has started this process.
    report(work.socket, failed(received, Step::recvmsg));
    constexpr char kUse[] = "netloom-launcher: netloom starts it, with a plan\n";
    if (received != -EMFILE) write(2, kUse, sizeof kUse - 1);
    exit(127);
  }
  if (hidden < 0) fail(work.socket, failed(hidden, Step::prctl));
  if (closed < 0) fail(work.socket, failed(closed, Step::close_range));
  work.arguments = arguments;
  work.environment = environment;
  work.proc = open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY);
  switch (work.plan.task) {
    case Task::run:
      run(work);
    case Task::make:
      make(work);
    case Task::ask:
      ask(work);
    case Task::serve:
      serve(work);
  }
  exit(127);
}

}  // namespace netloom::launch
