// The launcher: executed in our own namespaces, with memory of its own and nothing in it, it enters the namespaces of
// others in place of Node, whose memory no process there may reach. See docs/inside/launcher.md.
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

Work work;

// Reads a number up to a comma or the end; -1 if it is none.
int number_of(const char*& text) {
  if (*text < '0' || *text > '9') return -1;
  int number = 0;
  while (*text >= '0' && *text <= '9')
    number = number * 10 + (*text++ - '0');
  if (*text == ',') ++text;
  return number;
}

// The first argument: the socket's number and, behind commas, those of descriptors that are not passed on. Whatever is
// there is closed before the plan comes, whose own would take these numbers.
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
  // Before anything is read: from now on only who has CAP_SYS_PTRACE in our own user namespace may read this memory,
  // nor at /proc/PID/{mem,environ,maps,fd,cwd,root}.
  const long hidden = prctl(PR_SET_DUMPABLE, 0);
  size_t size = 0;
  work.socket = count > 1 ? read_descriptors(arguments[1]) : -1;
  // Without a program to execute there is nothing that it needs besides, whoever has left it open.
  const long closed = count == 2 && work.socket >= 0 ? close_all_but(work.socket, -1) : 0;
  const long received = work.socket < 0 ? -EBADF
                                        : receive(work.socket, &work.plan, sizeof work.plan, work.descriptors,
                                                  work.descriptor_count, rest, size);
  if (received < 0) {
    // Of who has started it, if that was us.
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
