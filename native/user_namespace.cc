#include "user_namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <map>
#include <mutex>
#include <vector>

#include "pin.h"
#include "words.h"

namespace netloom {
namespace {

// Those of the whole process, for its Workers' namespaces may be joined too.
std::mutex shared_mutex;
std::map<std::string, std::weak_ptr<UserNamespace>> shared_by_maps;
std::map<Identity, std::weak_ptr<UserNamespace>> shared_by_identity;

UserNamespacePointer note(Fd fd, const Identity& identity) {
  std::weak_ptr<UserNamespace>& noted = shared_by_identity[identity];
  UserNamespacePointer found = noted.lock();
  if (!found) noted = found = std::make_shared<UserNamespace>(std::move(fd));
  std::erase_if(shared_by_identity, [](const auto& entry) { return entry.second.expired(); });
  return found;
}

Failure write_file(const std::string& path, const std::string& text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return failed("open");
  return ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? Failure{} : failed("write");
}

// Runs newuidmap or newgidmap: its arguments are the process and the numbers of the map.
Failure run_helper(const char* helper, pid_t pid, const std::string& map) {
  std::vector<std::string> words{helper, std::to_string(pid)};
  for (std::string& word : words_of(map))
    words.push_back(std::move(word));
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int fd : {0, 1, 2})
    posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, helper, &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return Failure{error, helper};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed("waitpid");
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Failure{} : Failure{EPERM, helper};
}

Failure write_map(pid_t pid, const char* file, const char* helper, const std::string& map) {
  const Failure failure = write_file("/proc/" + std::to_string(pid) + "/" + file, map);
  if (failure.error != EPERM) return failure ? Failure{failure.error, file} : failure;
  // One's own id, and no other, anybody may map; where that is refused, no helper is of use.
  const std::vector<std::string> numbers = words_of(map);
  const bool own = numbers.size() == 3 && numbers[2] == "1";
  return own ? Failure{EPERM, file} : run_helper(helper, pid, map);
}

}  // namespace

Failure write_id_maps(pid_t pid, const IdMaps& maps) {
  if (Failure failure = write_file("/proc/" + std::to_string(pid) + "/setgroups", "deny"))
    return Failure{failure.error, "setgroups"};
  if (Failure failure = write_map(pid, "uid_map", "newuidmap", maps.users)) return failure;
  return write_map(pid, "gid_map", "newgidmap", maps.groups);
}

IdMaps own_ids() {
  return {"0 " + std::to_string(::geteuid()) + " 1", "0 " + std::to_string(::getegid()) + " 1"};
}

Failure UserNamespace::create(ChildStack& stack, const IdMaps& maps, UserNamespacePointer& created) {
  Idler first;
  if (Failure failure = first.start(stack, CLONE_NEWUSER)) return failure;
  Fd fd(::open(("/proc/" + std::to_string(first.pid()) + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failed("open");
  if (Failure failure = write_id_maps(first.pid(), maps)) return failure;
  created = std::make_shared<UserNamespace>(std::move(fd));
  return {};
}

Failure UserNamespace::shared(ChildStack& stack, const IdMaps& maps, UserNamespacePointer& found) {
  // Its parent is where the process is, and its owner whoever the process is, so neither may have changed.
  Identity parent;
  const Fd own(::open("/proc/thread-self/ns/user", O_RDONLY | O_CLOEXEC));
  if (!own) return failed("open");
  if (Failure failure = identify(own.get(), parent)) return failure;
  const std::string key =
      std::to_string(parent.inode) + " " + std::to_string(::geteuid()) + "\n" + maps.users + "\n" + maps.groups;
  const std::lock_guard lock(shared_mutex);
  std::weak_ptr<UserNamespace>& noted = shared_by_maps[key];
  found = noted.lock();
  if (found) return {};
  std::erase_if(shared_by_maps, [&](const auto& entry) { return entry.first != key && entry.second.expired(); });
  if (Failure failure = create(stack, maps, found)) return failure;
  Identity identity;
  if (Failure failure = identify(found->fd(), identity)) return failure;
  noted = found;
  shared_by_identity[identity] = found;
  return {};
}

Failure UserNamespace::owner_of(int other, UserNamespacePointer& owner) {
  Fd fd(::ioctl(other, NS_GET_USERNS));
  if (!fd) return failed("ioctl");
  Identity identity;
  if (Failure failure = identify(fd.get(), identity)) return failure;
  const std::lock_guard lock(shared_mutex);
  owner = note(std::move(fd), identity);
  return {};
}

bool UserNamespace::is_own() const {
  const Fd own(::open("/proc/thread-self/ns/user", O_RDONLY | O_CLOEXEC));
  Identity here, there;
  return own && !identify(own.get(), here) && !identify(fd(), there) && here == there;
}

Failure UserNamespace::enter() const {
  if (::setns(fd_.get(), CLONE_NEWUSER) == 0) return {};
  // EINVAL: it is the one where this process is, and gives it nothing that it does not have.
  return errno == EINVAL ? Failure{EPERM, "setns"} : failed("setns");
}

}  // namespace netloom
