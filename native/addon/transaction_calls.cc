// The functions that send netlink messages.
#include "addon/addon.h"
#include "node/arguments.h"
#include "node/values.h"
#include "transactions/plan_reader.h"
#include "transactions/transaction.h"

namespace netloom {
Napi::Value NetloomAddon::Transact(Info info) {
  const napi_env env = info.Env();
  const auto lane = number(info[0]);
  const auto words = view_of<const int32_t>(env, info[1], napi_int32_array);
  const auto bytes = view_of<const uint8_t>(env, info[2], napi_uint8_array);
  const auto names = info[3].IsUndefined() ? std::string() : text(info[3]);
  if (!lane || *lane < 0 || *lane >= kLaneCount || !words || !bytes || !names) return malformed(env);
  const auto size = PlanReader::bytes_of(*words);
  if (!size || *size > bytes->size()) return malformed(env);
  Plan plan;
  plan.bytes.assign(bytes->begin(), bytes->begin() + static_cast<ptrdiff_t>(*size));
  plan.names = split(*names);
  switch (PlanReader::read(
      *words, [this](uint64_t handle) { return environment_.find(handle); }, plan)) {
    case PlanReader::Status::malformed:
      return malformed(env);
    case PlanReader::Status::closed_handle:
      return status(env, Failure{EBADF, nullptr});
    case PlanReader::Status::sound:
      break;
  }
  const auto name = static_cast<LaneName>(static_cast<int>(*lane));
  const bool changes = name != LaneName::query && name != LaneName::read;
  std::vector<Use> uses;
  for (const NamespacePointer& netns : plan.namespaces) {
    if (netns) uses.push_back(Use{netns->identity(), changes});
  }
  for (const Operation& operation : plan.operations) {
    if (operation.creation && !operation.creation->path.empty())
      uses.push_back(use_of_path(operation.creation->path, true));
  }
  const auto number_of_chain = number(info[4]);
  std::shared_ptr<Chain> chain;
  if (number_of_chain) {
    const auto which = static_cast<uint64_t>(*number_of_chain);
    chain = environment_.find_chain(which);
    uses.push_back(use_of_chain(which));
  }
  auto job = std::make_shared<Transaction>(std::move(plan), std::move(chain));
  if (environment_.job_count() == 0) job->expect_answer();
  return Submit(info, std::move(job), name, std::move(uses));
}

Napi::Value NetloomAddon::OpenChain(Info info) {
  return {info.Env(), make_number(info.Env(), static_cast<double>(environment_.open_chain()))};
}

void NetloomAddon::CloseChain(Info info) {
  if (const auto chain = number(info[0])) environment_.close_chain(static_cast<uint64_t>(*chain));
}

}  // namespace netloom
