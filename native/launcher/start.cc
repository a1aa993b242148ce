// The entry point of the launcher, and the functions of a C library that compilers emit calls to.
#include <fcntl.h>

#include "launcher/system.h"
#include "launcher/tasks.h"

#if NETLOOM_FREESTANDING

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  for (size_t i = 0; i < size; ++i)
    static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  if (to <= from) return memcpy(to, from, size);
  while (size-- > 0)
    static_cast<char*>(to)[size] = static_cast<const char*>(from)[size];
  return to;
}

void* memset(void* to, int byte, size_t size) {
  for (size_t i = 0; i < size; ++i)
    static_cast<char*>(to)[i] = static_cast<char>(byte);
  return to;
}

int memcmp(const void* a, const void* b, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const int difference = static_cast<const unsigned char*>(a)[i] - static_cast<const unsigned char*>(b)[i];
    if (difference != 0) return difference;
  }
  return 0;
}

size_t strlen(const char* text) {
  return netloom::launch::length_of(text);
}

// A stack of its own: RLIMIT_STACK may leave less than a page.
constexpr size_t kStackSize = 64 * 1024;
alignas(16) char netloom_stack[kStackSize];

// The initial stack has the number of arguments, the arguments, a null, the environment, a null.
[[noreturn, gnu::used]] void netloom_begin(long* stack) {
  auto** arguments = reinterpret_cast<char**>(stack + 1);
  netloom::launch::begin(static_cast<int>(*stack), arguments, arguments + *stack + 1);
}

void _start();
static_assert(kStackSize == 65536, "as it stands below");
}

#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  mov $netloom_stack + 65536, %esp\n"
    "  call netloom_begin\n");
#elif defined(__aarch64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, #0\n"
    "  mov x30, #0\n"
    "  mov x0, sp\n"
    "  adrp x1, netloom_stack\n"
    "  add x1, x1, :lo12:netloom_stack\n"
    "  add x1, x1, #16, lsl #12\n"
    "  mov sp, x1\n"
    "  bl netloom_begin\n");
#endif

#else

int main(int count, char** arguments, char** environment) {
  netloom::launch::begin(count, arguments, environment);
}

#endif

namespace netloom::launch {

size_t length_of(const char* text) {
  size_t length = 0;
  while (text[length] != 0)
    ++length;
  return length;
}

bool is_equal(const char* a, const char* b) {
  while (*a != 0 && *a == *b)
    ++a, ++b;
  return *a == *b;
}

char* append(char* to, const char* text) {
  while (*text != 0)
    *to++ = *text++;
  *to = 0;
  return to;
}

char* print(char* to, long number) {
  char digits[24];
  char* first = digits + sizeof digits;
  *--first = 0;
  do {
    *--first = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return append(to, first);
}

}  // namespace netloom::launch
