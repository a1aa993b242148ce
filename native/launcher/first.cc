// The first process of a pid namespace: without it no other can be created there, and when it ends the kernel kills the
// others.
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "launcher/tasks.h"

namespace netloom::launch {

void be_first(int lifeline) {
  prctl(PR_SET_DUMPABLE, 0);
  if (close_all_but(lifeline, -1) < 0) exit(127);
  // With SIGCHLD ignored the kernel reaps children and orphans. The layout is the kernel's struct sigaction, without
  // sa_restorer.
  const unsigned long ignore[4] = {reinterpret_cast<unsigned long>(SIG_IGN), 0, 0, 0};
  call(SYS_rt_sigaction, SIGCHLD, ignore, nullptr, 8);
  prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("netloom-init"));
  call(SYS_setsid);
  call(SYS_chdir, "/");
  char byte;
  while (read(lifeline, &byte, 1) == -EINTR) {
  }
  exit(0);
}

}  // namespace netloom::launch
