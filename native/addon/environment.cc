#include "addon/environment.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>

#include "namespaces/kind_jobs.h"
#include "namespaces/namespace_jobs.h"

namespace netloom {

Environment::Environment(Napi::Env env)
    : env_(env),
      wake_(LoopWake::open(
          env, [this] { drain(); }, [this] { end(); })),
      executor_([this] { wake_->send(); }) {
  // The longest answer to a query, a link, has about 1.5 KiB.
  scratch_ = Napi::Reference<Napi::ArrayBuffer>::New(Napi::ArrayBuffer::New(env, 8 * 1024), 1);
}

napi_value Environment::scratch() const {
  return scratch_.Value();
}

void Environment::start(Napi::Function dispatch) {
  dispatchers_.push_back(Napi::Weak(dispatch));
  if (!context_) context_ = std::make_unique<Napi::AsyncContext>(env_, "netloom");
}

napi_value Environment::submit(JobPointer job, LaneName lane, std::vector<Use> uses) {
  const bool only = jobs_.empty();
  using Await = Executor::Await;
  // While other jobs are under way this thread waits for none. A wait blocks the event loop, so it is short.
  const Await await = !only ? Await::nothing : wake_->loop_is_fresh() ? Await::result : Await::end;
  if (executor_.submit(
          job, lane, std::move(uses), [this] { return home(); }, await)) {
    ArrayValue result(env_);
    void* memory = nullptr;
    size_t size = 0;
    (void)napi_get_arraybuffer_info(env_, scratch(), &memory, &size);
    report(result, *job, {static_cast<uint8_t*>(memory), size});
    return result;
  }
  const uint64_t id = Executor::id(*job);
  if (only) wake_->keep_alive(true);
  jobs_.emplace(id, std::move(job));
  return make_number(env_, static_cast<double>(id));
}

void Environment::report(ArrayValue& to, Job& job, std::span<uint8_t> scratch) {
  to.push(job.failure.error);
  to.push(job.failure.call ? make_text(env_, job.failure.call) : nullptr);
  to.push(job.deliver({env_, *this, scratch}));
}

int Environment::cancel(uint64_t job) {
  const auto found = jobs_.find(job);
  return static_cast<int>(found == jobs_.end() ? Executor::Cancelled::too_late : executor_.cancel(found->second));
}

size_t Environment::progress(uint64_t job) const {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? 0 : found->second->progress();
}

void Environment::drain() {
  // The code that awaits a result may take a while, so other events of the loop get their turn in between.
  constexpr size_t kJobsPerTurn = 32;
  const Napi::HandleScope scope(env_);
  std::vector<JobPointer> ended = executor_.collect(kJobsPerTurn);
  ArrayValue results(env_);
  Executor::Opened opened{};
  bool wanted = false;
  for (const JobPointer& job : ended) {
    const uint64_t id = Executor::id(*job);
    jobs_.erase(id);
    Executor::count_opened(*job, opened);
    if (Executor::abandoned(*job)) continue;
    results.push(static_cast<double>(id));
    report(results, *job, {});
    wanted = true;
  }
  executor_.start_threads([this] { return home(); });
  if (executor_.threads() == 0) kept_sockets_->close_idle();
  if (jobs_.empty()) wake_->keep_alive(false);
  // The jobs are destroyed before JavaScript runs, which may end the process.
  ended.clear();
  if (wanted) dispatch(results);
  // Only now, after JavaScript has closed the descriptors that it does not keep.
  executor_.delivered(opened);
}

void Environment::limit(size_t opening, size_t sockets) {
  executor_.limit(opening);
  kept_sockets_->allow(sockets);
  prefetch_->allow(std::min(opening / 16, NetnsPrefetch::kMostSpares));
}

void Environment::dispatch(napi_value results) {
  // By index: a call may load another copy of the library, which appends to the list.
  for (size_t i = 0; i < dispatchers_.size(); ++i) {
    napi_value function = nullptr;
    (void)napi_get_reference_value(env_, dispatchers_[i], &function);
    if (!function) continue;  // its copy of the library was garbage-collected
    if (!call(function, 1, &results)) return;
  }
}

bool Environment::call(napi_value function, size_t count, const napi_value* arguments) {
  napi_value receiver = nullptr;
  (void)napi_get_global(env_, &receiver);
  if (napi_make_callback(env_, *context_, receiver, function, count, arguments, nullptr) == napi_ok) return true;
  bool thrown = false;
  napi_value error = nullptr;
  if (napi_is_exception_pending(env_, &thrown) != napi_ok || !thrown) return false;
  if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) (void)napi_fatal_exception(env_, error);
  return true;
}

void Environment::end() {
  executor_.stop();
  prefetch_->stop();
  jobs_.clear();
  worker_children_.end();
  shares_.clear();
  namespaces_.clear();
  sockets_.clear();
  datagrams_.clear();
}

uint64_t Environment::keep(NamespacePointer netns) {
  namespaces_.emplace(++last_handle_, std::move(netns));
  return last_handle_;
}

NamespacePointer Environment::find(uint64_t handle) const {
  const auto found = namespaces_.find(handle);
  return found == namespaces_.end() ? nullptr : found->second;
}

bool Environment::close(uint64_t handle) {
  const auto found = namespaces_.find(handle);
  if (found == namespaces_.end()) return false;
  shares_.erase(handle);
  // Jobs under way keep the namespace open; jobs after them may use its name again.
  NamespacePointer netns = std::move(found->second);
  Pin pin = netns->take_pin();
  std::shared_ptr<FirstProcess> first = netns->take_first();
  namespaces_.erase(found);
  if (first && wake_) {
    executor_.submit(
        std::make_shared<EndFirstProcess>(std::move(first)), LaneName::removal, {}, [this] { return home(); },
        Executor::Await::nothing);
  }
  if (pin && wake_) {
    const Use use = use_of_path(pin.path(), true);
    executor_.submit(
        std::make_shared<Unpin>(std::move(netns), std::move(pin)), LaneName::mutation, {use}, [this] { return home(); },
        Executor::Await::nothing);
  }
  return true;
}

uint64_t Environment::share(uint64_t handle) {
  const NamespacePointer netns = find(handle);
  if (!netns) return 0;
  // One offer for each handle, however often it is shared.
  return shares_.try_emplace(handle, netns->fd(), netns->identity()).first->second.number();
}

Failure Environment::adopt(uint64_t number, const Identity& expected, NamespacePointer& adopted) {
  Fd fd;
  if (Failure failure = kept_sockets_->with_room([&] { return Share::adopt(number, expected, fd); })) return failure;
  return adopt_namespace(std::move(fd), adopted);
}

uint64_t Environment::open_chain() {
  chains_.emplace(++last_handle_, std::make_shared<Chain>());
  return last_handle_;
}

std::shared_ptr<Chain> Environment::find_chain(uint64_t number) const {
  const auto found = chains_.find(number);
  return found == chains_.end() ? nullptr : found->second;
}

uint64_t Environment::keep(Fd socket) {
  sockets_.emplace(++last_handle_, std::move(socket));
  return last_handle_;
}

int Environment::take_socket(uint64_t number) {
  const auto found = sockets_.find(number);
  if (found == sockets_.end()) return -1;
  const int fd = found->second.release();
  sockets_.erase(found);
  return fd;
}

uint64_t Environment::inode_of_socket(uint64_t number) const {
  const auto found = sockets_.find(number);
  struct stat status;
  return found != sockets_.end() && ::fstat(found->second.get(), &status) == 0 ? status.st_ino : 0;
}

uint64_t Environment::keep_datagrams(Fd fd, Datagrams::Via via) {
  const auto call = [this](napi_value function, napi_value argument) { (void)this->call(function, 1, &argument); };
  datagrams_.emplace(++last_handle_, std::make_unique<Datagrams>(env_, std::move(fd), via, call));
  return last_handle_;
}

Datagrams* Environment::find_datagrams(uint64_t number) const {
  const auto found = datagrams_.find(number);
  return found == datagrams_.end() ? nullptr : found->second.get();
}

Failure Environment::enter(const Namespace& entered, int kind) {
  Fd before;
  const auto open = [&] { return (before = open_own(kind)) ? Failure{} : failed("open"); };
  if (Failure failure = kept_sockets_->with_room(open)) return failure;
  if (::setns(entered.fd(), kind) != 0) return failed("setns");
  entered_from_.push_back({std::move(before), kind});
  return {};
}

Failure Environment::leave() {
  if (entered_from_.empty()) return Failure{EINVAL, "setns"};
  const Home::Other& before = entered_from_.back();
  if (::setns(before.fd.get(), before.kind) != 0) return failed("setns");
  entered_from_.pop_back();
  return {};
}

Failure Environment::duplicate(int fd, Fd& copy) const {
  return kept_sockets_->with_room([&] {
    copy = Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    return copy ? Failure{} : failed("fcntl");
  });
}

Home Environment::home() const {
  Home home{{}, {}, kept_sockets_, prefetch_};
  int seen = 0;
  for (const Home::Other& first : entered_from_) {
    if ((seen & first.kind) != 0) continue;
    seen |= first.kind;
    Fd fd;
    home.failure = duplicate(first.fd.get(), fd);
    if (home.failure) return home;
    if (first.kind == CLONE_NEWNET) {
      home.netns = std::move(fd);
    } else {
      home.others.push_back({std::move(fd), first.kind});
    }
  }
  if (home.netns) return home;
  home.failure = kept_sockets_->with_room([&] {
    home.netns = open_own_netns();
    if (home.netns) return Failure{};
    // Not ENOENT, which stands for a namespace that does not exist: here /proc is missing, and nothing works.
    return Failure{errno == ENOENT ? EOPNOTSUPP : errno, "open (/proc/thread-self/ns/net)"};
  });
  return home;
}

}  // namespace netloom
