// Executes a program in its namespaces.
#include <sys/prctl.h>

#include "launcher/tasks.h"

namespace netloom::launch {

void run(const Work& work) {
  report(work.socket, {});
  // The program gets the descriptors below the socket, and no others, even if they were opened without close-on-exec.
  if (const long result = close_range(static_cast<unsigned>(work.socket), ~0U, Fate::closed_on_exec); result < 0)
    fail(work.socket, failed(result, Step::close_range));
  if (work.has(kDieWithParent)) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (call(SYS_getppid) != work.plan.parent) exit(127);
  }
  // setns(2) and unshare(2) do not move the process itself into a pid namespace, only its next children.
  if (work.makes(CLONE_NEWPID) || work.joins(CLONE_NEWPID)) monitor(work);
  if (Failure failure = enter(work)) fail(work.socket, failure);
  become(work, work.socket);
}

}  // namespace netloom::launch
