// JavaScript values as results. A Worker can be terminated at any moment, also while a function of the addon runs: from
// then on every call that might run JavaScript fails, and node-addon-api's wrappers abort the process on such a
// failure. So results are made with the C functions: if one fails, the result is incomplete, but no JavaScript reads it
// any more. Arguments are numbers, strings and typed arrays, which can be read without running JavaScript.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace netloom {

napi_value make_number(napi_env env, double number);
napi_value make_boolean(napi_env env, bool value);
napi_value make_text(napi_env env, const std::string& text);
// A Buffer with a copy of the bytes.
napi_value make_bytes(napi_env env, const uint8_t* bytes, size_t size);
// A Buffer that owns the bytes.
napi_value make_bytes(napi_env env, std::unique_ptr<uint8_t[]> bytes, size_t size);

// The memory of a typed array of this type; JavaScript owns it.
template <class Element>
std::optional<std::span<Element>> view_of(napi_env env, napi_value value, napi_typedarray_type wanted) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != wanted)
    return std::nullopt;
  return std::span(static_cast<Element*>(data), length);
}

// An array under construction.
class ArrayValue {
 public:
  explicit ArrayValue(napi_env env);
  // Appends a value; null is undefined.
  void push(napi_value value);
  void push(double number) { push(make_number(env_, number)); }
  operator napi_value() const { return array_; }

 private:
  napi_env env_;
  napi_value array_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace netloom
