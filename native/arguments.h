// JavaScript's arguments as values of ours.
#pragma once

#include <napi.h>

#include <cerrno>
#include <optional>
#include <string>

#include "failure.h"

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

inline Napi::Value status(Napi::Env env, Failure failure) {
  return Napi::Number::New(env, -failure.error);
}
inline Napi::Value malformed(Napi::Env env) {
  return Napi::Number::New(env, -EINVAL);
}

}  // namespace netloom
