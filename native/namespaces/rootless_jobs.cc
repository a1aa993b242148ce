#include "namespaces/rootless_jobs.h"

#include "namespaces/namespace_jobs.h"
#include "node/values.h"

namespace netloom {

napi_value CreateRootless::deliver(const Delivery& to) {
  return failure ? nullptr : describe(to, std::move(created_));
}

napi_value FindToJoin::deliver(const Delivery& to) {
  ArrayValue result(to.env);
  for (const auto& [fd, kind] : to_join_) {
    result.push(fd);
    result.push(kind);
  }
  return result;
}

}  // namespace netloom
