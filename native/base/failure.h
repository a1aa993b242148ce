// How a system call failed: errno and the call's name. JavaScript makes an error object from it.
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

// Whether a system call failed because the process, or the machine, has as many descriptors as it may have.
inline bool is_out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE;
}

}  // namespace netloom
