#include "node/values.h"

#include <cstring>

namespace netloom {

napi_value make_number(napi_env env, double number) {
  napi_value value = nullptr;
  (void)napi_create_double(env, number, &value);
  return value;
}

napi_value make_boolean(napi_env env, bool boolean) {
  napi_value value = nullptr;
  (void)napi_get_boolean(env, boolean, &value);
  return value;
}

napi_value make_text(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  (void)napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

napi_value make_bytes(napi_env env, const uint8_t* bytes, size_t size) {
  napi_value value = nullptr;
  (void)napi_create_buffer_copy(env, size, bytes, nullptr, &value);
  return value;
}

napi_value make_bytes(napi_env env, std::unique_ptr<uint8_t[]> bytes, size_t size) {
  const auto free = [](napi_env, void* data, void*) { std::unique_ptr<uint8_t[]>(static_cast<uint8_t*>(data)); };
  napi_value value = nullptr;
  if (napi_create_external_buffer(env, size, bytes.get(), free, nullptr, &value) == napi_ok) {
    (void)bytes.release();
    return value;
  }
  // Some runtimes that embed Node allow no external memory in a Buffer.
  return make_bytes(env, bytes.get(), size);
}

ArrayValue::ArrayValue(napi_env env) : env_(env) {
  (void)napi_create_array(env, &array_);
}

void ArrayValue::push(napi_value value) {
  if (!value) (void)napi_get_undefined(env_, &value);
  (void)napi_set_element(env_, array_, size_++, value);
}

}  // namespace netloom
