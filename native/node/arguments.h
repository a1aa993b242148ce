// Converts arguments from JavaScript to C++ values.
#pragma once

#include <napi.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "base/failure.h"

namespace netloom {

inline std::optional<double> number(const Napi::Value& value) {
  if (!value.IsNumber()) return std::nullopt;
  return value.As<Napi::Number>().DoubleValue();
}

inline std::optional<bool> boolean(const Napi::Value& value) {
  if (!value.IsBoolean()) return std::nullopt;
  return value.As<Napi::Boolean>().Value();
}

inline std::optional<std::string> text(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

// Splits joined texts, each of which ends with a NUL.
inline std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> found;
  for (size_t begin = 0, end; (end = names.find('\0', begin)) != std::string::npos; begin = end + 1) {
    found.push_back(names.substr(begin, end - begin));
  }
  return found;
}

inline Napi::Value status(Napi::Env env, Failure failure) {
  return Napi::Number::New(env, -failure.error);
}
inline Napi::Value malformed(Napi::Env env) {
  return Napi::Number::New(env, -EINVAL);
}

}  // namespace netloom
