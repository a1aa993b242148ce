#include "netns/share.h"

#include <fcntl.h>
#include <sys/random.h>

#include <mutex>
#include <unordered_map>

namespace netloom {
namespace {

struct Offer {
  int fd;
  Identity identity;
};

// One for all environments of the process. Descriptors are duplicated and offers withdrawn under the same lock, so that
// no closed descriptor is duplicated.
struct Registry {
  std::mutex mutex;
  std::unordered_map<uint64_t, Offer> offers;
  uint64_t last_number = 0;
};

Registry& offers_of_process() {
  static Registry registry;
  return registry;
}

std::string random_name() {
  uint8_t bytes[16] = {};
  (void)!::getrandom(bytes, sizeof bytes, 0);  // up to 256 bytes are never cut short
  std::string name;
  for (const uint8_t byte : bytes) {
    name += "0123456789abcdef"[byte >> 4];
    name += "0123456789abcdef"[byte & 15];
  }
  return name;
}

}  // namespace

Share::Share(int fd, Identity identity) {
  Registry& registry = offers_of_process();
  const std::lock_guard lock(registry.mutex);
  number_ = ++registry.last_number;
  registry.offers.emplace(number_, Offer{fd, identity});
}

Share::~Share() {
  if (number_ == 0) return;
  Registry& registry = offers_of_process();
  const std::lock_guard lock(registry.mutex);
  registry.offers.erase(number_);
}

const std::string& Share::registry() {
  static const std::string name = random_name();
  return name;
}

Failure Share::adopt(uint64_t number, const Identity& expected, Fd& adopted) {
  Registry& registry = offers_of_process();
  const std::lock_guard lock(registry.mutex);
  const auto offer = registry.offers.find(number);
  if (offer == registry.offers.end()) return Failure{ENOENT, nullptr};
  if (offer->second.identity != expected) return Failure{ESTALE, nullptr};
  adopted = Fd(::fcntl(offer->second.fd, F_DUPFD_CLOEXEC, 3));
  return adopted ? Failure{} : failed("fcntl");
}

}  // namespace netloom
