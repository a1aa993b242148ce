// machine: what threads cost on this machine. Prints the nanoseconds of a round trip by eventfd between two threads on
// one core and on two, and what two threads that spin do together, each on its own core, to what one does alone, in
// thousandths. On a machine of one core the last two are 0.
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "netlink.h"

enum { trips = 2000 };

static int there;
static int back;
static int other_core;
static atomic_int spinning;

static void pin(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0) fail("sched_setaffinity");
}

static void pass(int in, int out) {
  uint64_t value = 1;
  if (in >= 0 && read(in, &value, sizeof value) != sizeof value) fail("read");
  if (out >= 0 && write(out, &value, sizeof value) != sizeof value) fail("write");
}

static void* answer(void* unused) {
  pin(other_core);
  for (int i = 0; i < trips; ++i)
    pass(there, back);
  return unused;
}

static double round_trip(int from, int to) {
  pthread_t thread;
  other_core = to;
  pin(from);
  if (pthread_create(&thread, NULL, answer, NULL) != 0) exit(1);
  const uint64_t since = nanoseconds();
  for (int i = 0; i < trips; ++i) {
    pass(-1, there);
    pass(back, -1);
  }
  const uint64_t took = nanoseconds() - since;
  pthread_join(thread, NULL);
  return (double)took / trips;
}

static uint64_t spin(void) {
  uint64_t turns = 0;
  volatile uint64_t work = 1;
  for (const uint64_t until = nanoseconds() + 100000000; nanoseconds() < until; ++turns) {
    for (int i = 0; i < 1000; ++i)
      work = work * 6364136223846793005u + 1;
  }
  return turns;
}

static void* spin_beside(void* turns) {
  pin(other_core);
  atomic_store(&spinning, 1);
  *(uint64_t*)turns = spin();
  return NULL;
}

static double spin_together(int from, int to) {
  pin(from);
  const uint64_t alone = spin();
  uint64_t others = 0;
  pthread_t thread;
  other_core = to;
  if (pthread_create(&thread, NULL, spin_beside, &others) != 0) exit(1);
  while (!atomic_load(&spinning)) {
  }
  const uint64_t own = spin();
  pthread_join(thread, NULL);
  return 1000.0 * (double)(own + others) / (double)alone;
}

int main(void) {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) fail("sched_getaffinity");
  int found[2] = {-1, -1};
  for (int core = 0, count = 0; core < CPU_SETSIZE && count < 2; ++core) {
    if (CPU_ISSET(core, &cores)) found[count++] = core;
  }
  there = eventfd(0, EFD_CLOEXEC);
  back = eventfd(0, EFD_CLOEXEC);
  if (there < 0 || back < 0) fail("eventfd");
  const double same = round_trip(found[0], found[0]);
  const double across = found[1] < 0 ? 0 : round_trip(found[0], found[1]);
  const double together = found[1] < 0 ? 0 : spin_together(found[0], found[1]);
  printf("%.0f %.0f %.0f\n", same, across, together);
  return 0;
}
