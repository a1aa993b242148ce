// The job that carries a plan out: operations, each in steps; if a step fails, the earlier steps of its operation are
// undone. With `rollback`, all operations are undone if one fails.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "rollback/exact_removal.h"
#include "threads/job.h"
#include "transactions/chain.h"
#include "transactions/plan.h"

namespace netloom {

class Transaction final : public Job {
 public:
  // `plan` must be sound. Its namespaces stay open as long as the job: messages carry their descriptors.
  explicit Transaction(Plan plan, std::shared_ptr<Chain> chain = nullptr);
  // On JavaScript's thread: allocates memory for the answer to a query. Memory that one thread allocates and another
  // frees costs more than all else that a query needs.
  void expect_answer();

  void run(ThreadHome& thread) override;
  size_t opens() const override { return creations_; }
  bool may_be_bound() const override { return !rootless_; }
  bool is_brief() const override { return creations_ == 0 && plan_.operations.size() <= 1; }
  // Ends the run between two operations; with `rollback` the operations that were done are undone.
  bool interrupt() override;
  void drop() override {
    if (chain_) chain_->ended = true;
  }
  // How many operations are over.
  size_t progress() const override { return over_.load(std::memory_order_relaxed); }
  // Nothing when all went well and the kernel said nothing but plain acknowledgements; else [whether it was
  // interrupted, whether it was rolled back, how many operations were tried, report, …], in which each operation that
  // has something to tell is a report: [operation, state, failed step, errno, system call, name of the device that was
  // not found, whether something is left over, created namespace, answer, …], and each answer [step, first sequence,
  // interrupted, Buffer, …]. A number stands for a Buffer whose bytes, so many of them, lie in the scratch memory; and
  // a number alone for all of it where one operation was done, and one such answer to its first step is all that there
  // is to tell.
  napi_value deliver(const Delivery& to) override;

 private:
  // Copies the only answer into the scratch memory and returns its size; 0 if there is more to report.
  size_t lone_answer(std::span<uint8_t> scratch);
  // The end of the operations from `first` on that can be sent in one datagram: each is one message to the same
  // namespace, and its inverse undoes it.
  size_t end_of_run(size_t first) const;
  void run_together(ThreadHome& thread, size_t first, size_t end);
  size_t send_together(ThreadHome& thread, size_t first, size_t end);
  void run_alone(ThreadHome& thread, Operation& operation);
  void create(ThreadHome& thread, Operation& operation);
  void roll_back(ThreadHome& thread);

  Failure execute(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies);
  Failure relocate(ThreadHome& thread, const Step& step, Operation& operation);
  Failure find_named(ThreadHome& thread, const Step& step, const Relocation& relocation, Operation& operation,
                     int32_t& index);
  // Removes what a dump finds. `replies` has refusals alone.
  Failure flush(ThreadHome& thread, const Step& step, Operation& operation, Replies& replies);
  // Makes the copies that a removal needs; nothing if the kernel would refuse a copy or a removal, as `replies` says.
  Failure make_copies(ThreadHome& thread, const Step& step, Operation& operation, ExactRemoval& removal,
                      Replies& replies);
  // Finds out what the kernel would refuse of messages that make objects which exist: with NLM_F_EXCL it checks all of
  // a message before it says that the object exists. `made` tells which objects it made nevertheless;
  // `replies` has the other refusals.
  Failure try_out(ThreadHome& thread, const Step& step, std::vector<uint8_t> messages, std::vector<bool>& made,
                  Replies& replies);
  // If an object that stays could not be made again, drops from restoring messages all that keep the order, and returns
  // false.
  bool drop_refused_remakes(ThreadHome& thread, const Step& step, std::vector<uint8_t>& messages);
  // Fails if the object is not as the step expects it.
  Failure expect(ThreadHome& thread, const Step& step, Replies& replies);
  // As send(); sends again while the kernel says that the dump was interrupted.
  Failure read_whole(ThreadHome& thread, const Step& step, const NetlinkSocket::Request& request, Replies& replies);
  // Notes the messages that restore the objects which are removed; `all` has these and those that stay.
  void note_flushed(const Step& step, const Replies& all, const std::vector<std::vector<uint8_t>>& removals,
                    Operation& operation);
  // Sends to the namespace of a step.
  Failure send(ThreadHome& thread, const Step& step, const NetlinkSocket::Request& request, Replies& replies);
  // Notes, before a step, the messages that restore what it changes.
  Failure query_before(ThreadHome& thread, const Step& step, Operation& operation);
  void note_restoring(const Step& step, const Replies& replies, Operation& operation);
  Failure query_side_effect(ThreadHome& thread, const Step& step, size_t index, Operation& operation);
  Failure query(ThreadHome& thread, const Step& step, std::span<uint8_t> lookup, Replies& replies);
  // False if something could not be undone.
  bool undo_steps(ThreadHome& thread, Operation& operation, size_t end);
  bool undo_step(ThreadHome& thread, const Step& step, Operation& operation);
  // Sends those of `messages`, which make the objects that were there, whose objects are missing.
  bool send_missing(ThreadHome& thread, const Step& step, const SideEffect& effect, std::vector<uint8_t> messages);
  bool undo(ThreadHome& thread, Operation& operation);
  // The step of an operation that one message undoes; null if it takes more.
  const Step* lone_step(const Operation& operation) const;
  // The first of the operations before `end` that one datagram undoes.
  size_t begin_of_undo(size_t end) const;
  void undo_together(ThreadHome& thread, size_t first, size_t end);
  // Sends messages that undo something; sends refused ones again as long as fewer are refused: one may need what
  // another one makes.
  bool send_undo(ThreadHome& thread, const Step& step, std::vector<uint8_t> messages);
  // Notes how an operation failed.
  void fail(Operation& operation, Failure failure, size_t step);
  std::span<const int> tolerated(const Step& step) const;
  size_t index_of(const Step& step, const Operation& operation) const {
    return static_cast<size_t>(&step - &plan_.steps[operation.first_step]);
  }

  Plan plan_;
  std::shared_ptr<Chain> chain_;  // null: it is no part of another
  size_t creations_ = 0;
  bool rootless_ = false;  // whether it creates a namespace without privilege
  Replies first_replies_;
  std::atomic<bool> interrupted_ = false;
  bool rolled_back_ = false;
  size_t tried_ = 0;  // operations
  std::atomic<size_t> over_ = 0;
  PinDirectory pins_;
  std::vector<bool> created_;  // by namespace: whether an operation creates it
  std::vector<bool> fresh_;    // the same, until something is sent there: it has the loopback device alone
};

}  // namespace netloom
