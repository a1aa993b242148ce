// What Debian's libstdc++.a and libgcc_eh.a ask of glibc and musl has not. Linked into the addon (musl-g++).
#include <pthread.h>

#pragma GCC visibility push(hidden)

// Is an atomic change needed to count references? Always.
char __libc_single_threaded = 0;

int __pthread_key_create(pthread_key_t* key, void (*destroy)(void*));
int __pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) {
  return pthread_key_create(key, destroy);
}

// The unwinder's way to a frame's table. "Not found" ends the process with a message where an exception would be
// thrown (memory exhausted), and that is what exceptions do in an addon compiled without them.
int _dl_find_object(void* address, void* result);
int _dl_find_object(void* address, void* result) {
  (void)address;
  (void)result;
  return -1;
}
