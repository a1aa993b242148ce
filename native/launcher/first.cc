// The first process of a pid namespace: without it no other can begin there, and with it all others end.
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "launcher/tasks.h"

namespace netloom::launch {

void be_first(int lifeline) {
  prctl(PR_SET_DUMPABLE, 0);
  if (close_all_but(lifeline, -1) < 0) exit(127);
  // Children, of others too, are reaped by the kernel. The layout is the kernel's, on every machine without a restorer.
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
