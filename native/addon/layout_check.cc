// Checks that enumerations of C++ have the numbers of lib/native/layout.ts.
#include "base/layout.h"
#include "netlink/socket.h"
#include "threads/executor.h"
#include "threads/job.h"
#include "transactions/transaction.h"

namespace netloom {
namespace {

template <class Enum>
constexpr bool is(Enum value, int32_t number) {
  return static_cast<int32_t>(value) == number;
}

static_assert(is(LaneName::mutation, layout::lane::mutation) && is(LaneName::query, layout::lane::query) &&
              is(LaneName::read, layout::lane::read) && is(LaneName::removal, layout::lane::removal) &&
              is(LaneName::supply, layout::lane::supply) && kLaneCount == 5);
static_assert(is(Ending::ack, layout::ending::ack) && is(Ending::dump, layout::ending::dump) &&
              is(Ending::reply, layout::ending::reply) && is(Ending::last_ack, layout::ending::last_ack));
static_assert(is(Outcome::waiting, layout::outcome::waiting) && is(Outcome::done, layout::outcome::done) &&
              is(Outcome::failed, layout::outcome::failed) && is(Outcome::undone, layout::outcome::undone) &&
              is(Outcome::stuck, layout::outcome::stuck));
static_assert(is(Executor::Cancelled::before_start, layout::cancelled::before_start) &&
              is(Executor::Cancelled::while_running, layout::cancelled::while_running) &&
              is(Executor::Cancelled::too_late, layout::cancelled::too_late) &&
              is(Executor::Cancelled::interrupted, layout::cancelled::interrupted));

}  // namespace
}  // namespace netloom
