// Executes a program in its namespaces.
#include <sys/prctl.h>

#include "tasks.h"

namespace netloom::launch {
namespace {

constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC of linux/close_range.h

}  // namespace

void run(const Work& work) {
  report(work.socket, {});
  // The program gets the descriptors below the socket, and no others, whoever has opened them.
  close_range(static_cast<unsigned>(work.socket), ~0U, kCloseOnExec);
  if (work.has(kDieWithParent)) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (call(SYS_getppid) != work.plan.parent) exit(127);
  }
  // Into a pid namespace nobody moves: only a child is born there.
  if (work.makes(CLONE_NEWPID) || work.joins(CLONE_NEWPID)) monitor(work);
  if (Failure failure = enter(work)) fail(work.socket, failure);
  become(work, work.socket);
}

}  // namespace netloom::launch
