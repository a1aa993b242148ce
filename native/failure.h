// How a system call failed: errno and the call's name. JavaScript makes the error object of it.
#pragma once

#include <cerrno>

namespace netloom {

struct Failure {
  int error = 0;               // an errno, 0 for success
  const char* call = nullptr;  // the system call, a string literal

  explicit operator bool() const { return error != 0; }
};

// The failure of `call`, right after it returned an error.
inline Failure failed(const char* call) {
  return Failure{errno, call};
}

}  // namespace netloom
