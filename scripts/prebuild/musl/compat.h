// What Debian's libstdc++ headers take for granted of glibc and musl has not. Included before every source (musl-g++).
#define __GLIBC_PREREQ(major, minor) 0
#define __locale_t locale_t

// Weak references tell libstdc++ whether there are threads where libpthread may be absent. musl always has them.
#define _GLIBCXX_GTHREAD_USE_WEAK 0

#include <bits/c++config.h>
#undef _GLIBCXX_HAVE_SYS_SINGLE_THREADED
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK

// Masks of the ctype facet, which nothing here uses.
enum {
  _ISupper = 1,
  _ISlower = 2,
  _ISalpha = 4,
  _ISdigit = 8,
  _ISxdigit = 16,
  _ISspace = 32,
  _ISprint = 64,
  _ISblank = 128,
  _IScntrl = 256,
  _ISpunct = 512
};
