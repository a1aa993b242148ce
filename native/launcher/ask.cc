// Reads or changes the names of a uts namespace, or the offsets of a time namespace.
#include <fcntl.h>
#include <sys/utsname.h>

#include "launcher/tasks.h"

namespace netloom::launch {
namespace {

Failure change(const Work& work) {
  if (work.plan.changes == 0) return {};
  const bool host = work.plan.about == About::host;
  const Part name = host ? work.plan.host : work.plan.domain;
  const long result = call(host ? SYS_sethostname : SYS_setdomainname, work.text(name), name.size);
  return failed(result, host ? Step::sethostname : Step::setdomainname);
}

}  // namespace

void ask(const Work& work) {
  if (Failure failure = enter(work)) fail(work.socket, failure);
  if (work.plan.about == About::offsets) {
    char text[256];
    const int fd = open(work.proc, "self/timens_offsets", O_RDONLY);
    const long size = fd < 0 ? fd : read(fd, text, sizeof text);
    if (size < 0) fail(work.socket, failed(size, fd < 0 ? Step::open : Step::read));
    report(work.socket, {}, 0, text, static_cast<uint32_t>(size));
    exit(0);
  }
  if (Failure failure = change(work)) fail(work.socket, failure);
  utsname names;
  if (const long result = call(SYS_uname, &names); result < 0) fail(work.socket, failed(result, Step::uname));
  const char* name = work.plan.about == About::host ? names.nodename : names.domainname;
  report(work.socket, {}, 0, name, static_cast<uint32_t>(length_of(name)));
  exit(0);
}

}  // namespace netloom::launch
