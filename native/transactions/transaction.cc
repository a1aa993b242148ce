#include "transactions/transaction.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

#include "namespaces/namespace_jobs.h"
#include "node/values.h"
#include "threads/handover.h"
#include "transactions/find_device.h"

namespace netloom {
namespace {

// Acknowledgements are asked for only at the end of a run, but each message may be refused: so many refusals fit into
// the receive buffer.
constexpr size_t kMostTogether = 200;
// Below that, each is acknowledged by itself, which tells the kernel's warnings.
constexpr size_t kManyTogether = 8;

constexpr int32_t kLoopback = 1;  // LOOPBACK_IFINDEX of net/flow.h

const nlmsghdr* header_of(std::span<const uint8_t> message) {
  return reinterpret_cast<const nlmsghdr*>(message.data());
}

// Whether what the operation was to make is there already.
bool is_found(const Operation& operation) {
  return operation.details && operation.details->found;
}

// Whether what an operation is to make is there, by what a step was told: the refusal to make it, or an object.
bool says_there(const Step& step, const Replies& replies) {
  bool there = false;
  const auto note = [&](auto&&...) { there = true; };
  if (step.ending == Ending::ack) {
    for_each_refusal(replies, note);
  } else {
    for_each_object(replies, 0, note);
  }
  return there;
}

bool is_failed(const Operation& operation) {
  return operation.outcome != Outcome::done && !(operation.details && operation.details->forgiven);
}

}  // namespace

Transaction::Transaction(Plan plan, std::shared_ptr<Chain> chain)
    : plan_(std::move(plan)),
      chain_(std::move(chain)),
      created_(plan_.namespaces.size()),
      fresh_(plan_.namespaces.size()) {
  for (const Operation& operation : plan_.operations) {
    if (!operation.creation) continue;
    created_[operation.creation->netns] = true;
    fresh_[operation.creation->netns] = true;
    ++creations_;
    rootless_ = rootless_ || operation.creation->rootless;
  }
}

void Transaction::expect_answer() {
  // A link, the longest of what a look-up answers, has about 1.2 KiB.
  constexpr size_t kLookup = 2048;
  if (plan_.operations.size() != 1 || plan_.steps.size() != 1 || plan_.steps[0].ending != Ending::reply) return;
  plan_.operations[0].tell().answers.reserve(1);
  first_replies_.blocks.make_room(kLookup);
}

void Transaction::run(ThreadHome& thread) {
  std::vector<Operation>& operations = plan_.operations;
  if (operations.size() == 1) {
    expect_from_other_core(operations.data(), sizeof(Operation));
    expect_from_other_core(plan_.steps.data(), plan_.steps.size() * sizeof(Step));
    expect_from_other_core(plan_.bytes.data(), plan_.bytes.size());
    expect_from_other_core(plan_.namespaces.data(), sizeof(NamespacePointer));
    expect_from_other_core(operations[0].details.get(), sizeof(Operation::Details));
  }
  bool failed = chain_ && chain_->ended;
  while (tried_ < operations.size() && !interrupted_ && !(failed && plan_.stop_at_failure)) {
    const size_t first = tried_;
    const size_t end = end_of_run(first);
    if (end - first > 1) {
      run_together(thread, first, end);
    } else {
      run_alone(thread, operations[tried_++]);
    }
    over_.store(tried_, std::memory_order_relaxed);
    for (size_t i = first; i < tried_; ++i)
      failed = failed || is_failed(operations[i]);
  }
  if (chain_ && (tried_ < operations.size() || (failed && plan_.stop_at_failure))) chain_->ended = true;
  pins_ = {};
  if (plan_.rollback && (failed || tried_ < operations.size())) {
    roll_back(thread);
    return;
  }
  for (Operation& operation : operations) {
    if (!operation.creation || operation.outcome != Outcome::done) continue;
    if (operation.creation->ephemeral) {
      plan_.namespaces[operation.creation->netns]->own(std::move(operation.details->pin));
    } else {
      operation.details->pin.disarm();
    }
  }
}

bool Transaction::interrupt() {
  if (plan_.operations.size() < 2 && !plan_.rollback) return false;
  interrupted_ = true;
  return true;
}

size_t Transaction::end_of_run(size_t first) const {
  const auto step_of = [&](size_t i) -> const Step* {
    const Operation& operation = plan_.operations[i];
    if (operation.creation || operation.steps != 1) return nullptr;
    const Step& step = plan_.steps[operation.first_step];
    return step.inverse != 0 && step.ending == Ending::ack && step.tolerated == 0 ? &step : nullptr;
  };
  const Step* last = step_of(first);
  size_t end = first + 1;
  for (; last && end < plan_.operations.size(); ++end) {
    const Step* next = step_of(end);
    if (!next || next->netns != last->netns || next->protocol != last->protocol) break;
    if (next->bytes.data() != last->bytes.data() + last->bytes.size()) break;
    last = next;
  }
  return end;
}

void Transaction::run_together(ThreadHome& thread, size_t first, size_t end) {
  while (first < end && !interrupted_) {
    const size_t sent = send_together(thread, first, std::min(end, first + kMostTogether));
    tried_ = first + sent;
    over_.store(tried_, std::memory_order_relaxed);
    if (plan_.stop_at_failure) {
      const auto begin = plan_.operations.begin() + static_cast<ptrdiff_t>(first);
      const auto failed = std::find_if(begin, begin + static_cast<ptrdiff_t>(sent), is_failed);
      if (failed != begin + static_cast<ptrdiff_t>(sent)) {
        // The kernel did not stop there.
        for (auto later = begin + static_cast<ptrdiff_t>(sent); --later != failed;) {
          if (later->outcome == Outcome::done)
            later->outcome = undo(thread, *later) ? Outcome::waiting : Outcome::stuck;
        }
        tried_ = static_cast<size_t>(failed - plan_.operations.begin()) + 1;
        return;
      }
    }
    first += sent;
  }
}

size_t Transaction::send_together(ThreadHome& thread, size_t first, size_t end) {
  std::vector<Operation>& operations = plan_.operations;
  const auto step_of = [&](size_t i) -> Step& { return plan_.steps[operations[i].first_step]; };
  if (!plan_.namespaces[step_of(first).netns]) {  // its creation failed
    for (size_t i = first; i < end; ++i)
      fail(operations[i], Failure{ECANCELED, nullptr}, 0);
    return end - first;
  }
  size_t ready = first;
  for (; ready < end; ++ready) {
    const Failure failure = relocate(thread, step_of(ready), operations[ready]);
    if (!failure) continue;
    if (ready > first) break;  // the ones before it first
    fail(operations[ready], failure, 0);
    return 1;
  }
  uint8_t* begin = step_of(first).bytes.data();
  const Step& last = step_of(ready - 1);
  const std::span<uint8_t> bytes(begin, last.bytes.data() + last.bytes.size());
  Replies replies;
  fresh_[last.netns] = false;
  const Failure failure = plan_.namespaces[last.netns]->with_socket(thread, last.protocol, [&](NetlinkSocket& socket) {
    const Ending ending = ready - first < kManyTogether ? Ending::ack : Ending::last_ack;
    return socket.transact(thread.receive_buffer(), {bytes, ending}, replies);
  });
  for (size_t i = first; i < ready; ++i) {
    operations[i].outcome = Outcome::done;
    if (failure) fail(operations[i], failure, 0);
  }
  // Refusals, and acknowledgements with warnings.
  for_each_message(replies, [&](std::span<const uint8_t> message) {
    const size_t index = header_of(message)->nlmsg_seq - replies.first_sequence;
    if (header_of(message)->nlmsg_type != NLMSG_ERROR || index >= ready - first) return;
    const bool refused = error_in(message) != 0;
    Operation& told = operations[first + index];
    Operation::Answer answer{0, {}};
    answer.replies.first_sequence = header_of(message)->nlmsg_seq;
    answer.replies.refused = refused;
    answer.replies.blocks.append(message.data(), message.size());
    told.tell().answers.push_back(std::move(answer));
    if (refused) fail(told, {}, 0);
  });
  return ready - first;
}

void Transaction::run_alone(ThreadHome& thread, Operation& operation) {
  if (operation.creation) {
    create(thread, operation);
    return;
  }
  for (size_t i = 0; i < operation.steps; ++i) {
    const Step& step = plan_.steps[operation.first_step + i];
    if (step.undo || (is_found(operation) && step.ending != Ending::reply && step.ending != Ending::dump)) continue;
    Operation::Answer answer{i, std::exchange(first_replies_, {})};
    Failure failure;
    if (plan_.rollback) failure = query_before(thread, step, operation);
    if (!failure)
      failure = step.flush ? flush(thread, step, operation, answer.replies)
                           : execute(thread, step, operation, answer.replies);
    const bool stop = failure || answer.replies.refused;
    if (i == 0 && step.ensures && !stop && says_there(step, answer.replies)) operation.tell().found = true;
    if (stop || !answer.replies.blocks.empty()) operation.tell().answers.push_back(std::move(answer));
    if (!stop) continue;
    fail(operation, failure, i);
    // A flush may have removed something before it failed.
    if (!undo_steps(thread, operation, step.flush ? i + 1 : i)) operation.details->leftover = true;
    return;
  }
  operation.outcome = Outcome::done;
}

void Transaction::fail(Operation& operation, Failure failure, size_t step) {
  operation.outcome = Outcome::failed;
  Operation::Details& details = operation.tell();
  details.failure = failure;
  details.failed_step = step;
  int error = failure.error;
  if (!failure && !details.answers.empty()) {
    for_each_message(details.answers.back().replies, [&](std::span<const uint8_t> message) {
      const uint16_t type = header_of(message)->nlmsg_type;
      if (error == 0 && (type == NLMSG_ERROR || type == NLMSG_DONE)) error = -error_in(message);
    });
  }
  const auto forgiven = std::span(plan_.tolerated).subspan(operation.first_forgiven, operation.forgiven);
  details.forgiven = std::find(forgiven.begin(), forgiven.end(), error) != forgiven.end();
}

void Transaction::create(ThreadHome& thread, Operation& operation) {
  const Creation& creation = *operation.creation;
  Operation::Details& details = operation.tell();
  NamespacePointer& created = plan_.namespaces[creation.netns];
  details.failure = creation.rootless ? create_rootless(thread, plan_of_own_user(), nullptr, created)
                                      : create_namespace(thread, creation.path, pins_, created, details.pin);
  operation.outcome = details.failure ? Outcome::failed : Outcome::done;
}

std::span<const int> Transaction::tolerated(const Step& step) const {
  return std::span(plan_.tolerated).subspan(step.first_tolerated, step.tolerated);
}

Failure Transaction::execute(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies) {
  if (Failure failure = relocate(thread, step, operation)) return failure;
  return send(thread, step, {step.bytes, step.ending, tolerated(step), step.undivided}, replies);
}

Failure Transaction::send(ThreadHome& thread, const Step& step, const NetlinkSocket::Request& request,
                          Replies& replies) {
  const NamespacePointer& netns = plan_.namespaces[step.netns];
  if (!netns) return Failure{ECANCELED, nullptr};
  fresh_[step.netns] = false;
  return netns->with_socket(thread, step.protocol, [&](NetlinkSocket& socket) {
    return socket.transact(thread.receive_buffer(), request, replies);
  });
}

Failure Transaction::relocate(ThreadHome& thread, const Step& step, Operation& operation) {
  for (size_t i = 0; i < step.relocations; ++i) {
    const Relocation& relocation = plan_.relocations[step.first_relocation + i];
    const NamespacePointer& netns = plan_.namespaces[relocation.netns];
    // Its creation failed, or was not tried.
    if (!netns) return Failure{ECANCELED, nullptr};
    int32_t value = netns->fd();
    if (relocation.what == Relocation::What::device_index) {
      if (Failure failure = find_named(thread, step, relocation, operation, value)) return failure;
    }
    std::memcpy(plan_.bytes.data() + relocation.at, &value, sizeof value);
  }
  return {};
}

Failure Transaction::find_named(ThreadHome& thread, const Step& step, const Relocation& relocation,
                                Operation& operation, int32_t& index) {
  const bool several = operation.steps > 1;
  if (several) {
    for (const Operation::Details::Device& device : operation.tell().devices) {
      if (device.netns != relocation.netns || device.name != relocation.name) continue;
      index = device.index;
      return {};
    }
  }
  const std::string& name = plan_.names[relocation.name];
  if (fresh_[relocation.netns] && name == "lo") {
    index = kLoopback;
    return {};
  }
  const Failure failure = find_device(thread, *plan_.namespaces[relocation.netns], step.protocol, name, index);
  if (failure.error == ENODEV) operation.tell().missing_device = name;
  if (!failure && several) operation.tell().devices.push_back({relocation.netns, relocation.name, index});
  return failure;
}

size_t Transaction::lone_answer(std::span<uint8_t> scratch) {
  if (plan_.operations.size() != 1 || rolled_back_ || interrupted_) return 0;
  const Operation& operation = plan_.operations.front();
  if (operation.outcome != Outcome::done || operation.creation || operation.details->answers.size() != 1) return 0;
  const Operation::Answer& answer = operation.details->answers.front();
  const std::vector<ReplyBlocks::Block>& blocks = answer.replies.blocks.blocks();
  if (answer.step != 0 || answer.replies.interrupted || blocks.size() != 1 || blocks[0].size > scratch.size()) return 0;
  std::memcpy(scratch.data(), blocks[0].bytes.get(), blocks[0].size);
  return blocks[0].size;
}

napi_value Transaction::deliver(const Delivery& to) {
  size_t answers = 0;
  bool silent = !rolled_back_ && tried_ == plan_.operations.size();
  for (const Operation& operation : plan_.operations) {
    if (!operation.details) continue;
    answers += operation.details->answers.size();
    silent = silent && operation.outcome == Outcome::done && !operation.creation && operation.details->answers.empty();
  }
  if (silent) return nullptr;
  const napi_env env = to.env;
  if (const size_t size = lone_answer(to.scratch); size > 0) return make_number(env, static_cast<double>(size));
  ArrayValue result(env);
  result.push(interrupted_ ? 1 : 0);
  result.push(rolled_back_ ? 1 : 0);
  result.push(static_cast<double>(tried_));
  for (size_t i = 0; i < plan_.operations.size(); ++i) {
    Operation& operation = plan_.operations[i];
    const bool usual = operation.outcome == (rolled_back_ ? Outcome::undone : Outcome::done);
    const bool tells = operation.details && (operation.creation || !usual || !operation.details->answers.empty());
    if (!tells && (usual || i >= tried_)) continue;
    Operation::Details& details = operation.tell();
    result.push(static_cast<double>(i));
    result.push(static_cast<double>(operation.outcome));
    result.push(details.failed_step ? static_cast<double>(*details.failed_step) : -1);
    result.push(details.failure.error);
    result.push(details.failure.call ? make_text(env, details.failure.call) : nullptr);
    result.push(details.missing_device.empty() ? nullptr : make_text(env, details.missing_device));
    result.push(details.leftover ? 1 : 0);
    const bool created = operation.creation && operation.outcome == Outcome::done;
    result.push(created ? describe(to, plan_.namespaces[operation.creation->netns]) : nullptr);
    result.push(static_cast<double>(details.answers.size()));
    for (Operation::Answer& answer : details.answers) {
      std::vector<ReplyBlocks::Block>& blocks = answer.replies.blocks.blocks();
      result.push(static_cast<double>(answer.step));
      result.push(answer.replies.first_sequence);
      result.push(answer.replies.interrupted ? 1 : 0);
      result.push(static_cast<double>(blocks.size()));
      for (ReplyBlocks::Block& block : blocks) {
        if (answers == 1 && blocks.size() == 1 && !to.scratch.empty() && block.size <= to.scratch.size()) {
          std::memcpy(to.scratch.data(), block.bytes.get(), block.size);
          result.push(static_cast<double>(block.size));
          continue;
        }
        // The ownership of a large block passes to JavaScript; a small one is copied into JavaScript's heap: cheaper
        // than a finalizer.
        constexpr size_t kWorthHandingOver = 16 * 1024;
        result.push(block.size < kWorthHandingOver ? make_bytes(env, block.bytes.get(), block.size)
                                                   : make_bytes(env, std::move(block.bytes), block.size));
      }
    }
  }
  return result;
}

}  // namespace netloom
