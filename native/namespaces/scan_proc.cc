#include "namespaces/scan_proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "base/namespace_kinds.h"
#include "base/read_all.h"
#include "base/text.h"

namespace netloom {
namespace {

using Key = std::pair<std::string, uint64_t>;
using Entries = std::map<Key, NamespaceEntry>;
// Namespaces by the path where they are mounted: the link of a descriptor that was opened there has this path, and not
// the namespace.
using Places = std::map<std::string, Key>;

// Parses the target of a link to a namespace, such as "net:[4026531833]".
std::optional<Key> parse(const std::string& link) {
  const size_t bracket = link.find(":[");
  if (bracket == std::string::npos || link.back() != ']') return std::nullopt;
  std::string kind = link.substr(0, bracket);
  uint64_t inode = 0;
  const auto [rest, error] = std::from_chars(link.data() + bracket + 2, link.data() + link.size() - 1, inode);
  if (error != std::errc() || *rest != ']' || flag_of(kind) == 0) return std::nullopt;
  return std::pair(std::move(kind), inode);
}

NamespaceEntry& entry_of(Entries& entries, const Key& key) {
  NamespaceEntry& entry = entries[key];
  entry.kind = key.first;
  entry.inode = key.second;
  return entry;
}

std::string link_at(int directory, const char* path) {
  char target[4096];
  const ssize_t size = ::readlinkat(directory, path, target, sizeof target);
  return std::string(target, static_cast<size_t>(std::max<ssize_t>(size, 0)));
}

// Decodes a path of mountinfo, where spaces and the like are octal escapes.
std::string unescape(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, byte, 8).ec == std::errc()) {
      plain += static_cast<char>(byte);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string command_of(int process) {
  const auto read_file = [&](const char* name) {
    const Fd fd(::openat(process, name, O_RDONLY | O_CLOEXEC));
    char text[4096];
    const ssize_t size = fd ? ::read(fd.get(), text, sizeof text) : 0;
    return std::string(text, static_cast<size_t>(std::max<ssize_t>(size, 0)));
  };
  std::string command = read_file("cmdline");
  while (!command.empty() && command.back() == '\0')
    command.pop_back();
  std::replace(command.begin(), command.end(), '\0', ' ');
  if (!command.empty()) return command;
  std::string name = read_file("comm");  // of a kernel thread, or of a process that has ended
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return "[" + name + "]";
}

template <class Each>
void for_each_number(int directory, Each each) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* opened = copy < 0 ? nullptr : ::fdopendir(copy);
  if (!opened) {
    if (copy >= 0) ::close(copy);
    return;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opened, ::closedir);
  while (const dirent* entry = ::readdir(entries.get())) {
    int number = 0;
    const char* end = entry->d_name + std::char_traits<char>::length(entry->d_name);
    const auto [rest, error] = std::from_chars(static_cast<const char*>(entry->d_name), end, number);
    if (error == std::errc() && rest == end) each(number, entry->d_name);
  }
}

void add_process(Entries& entries, const Places& places, int proc, int pid, const char* name) {
  const Fd process(::openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!process) return;
  std::optional<std::string> command;
  struct stat status {};
  for (const Kind& kind : kKinds) {
    const auto key = parse(link_at(process.get(), (std::string("ns/") + kind.name).c_str()));
    if (!key) continue;
    NamespaceEntry& entry = entry_of(entries, *key);
    ++entry.processes;
    if (entry.pid != 0 && entry.pid < pid) continue;
    if (!command) {
      command = command_of(process.get());
      (void)::fstat(process.get(), &status);
    }
    entry.pid = pid;
    entry.uid = status.st_uid;
    entry.command = *command;
  }
  const Fd descriptors(::openat(process.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptors) return;
  for_each_number(descriptors.get(), [&](int, const char* fd) {
    const std::string link = link_at(descriptors.get(), fd);
    const auto place = places.find(link);
    const auto key = place == places.end() ? parse(link) : place->second;
    if (key) ++entry_of(entries, *key).descriptors;
  });
}

// Adds those that are mounted in this process's mount namespace: the root of such a mount is the target of a link.
void add_mounts(Entries& entries, Places& places) {
  const Fd file(::open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC));
  std::string mounts;
  if (!file || read_all(file.get(), mounts)) return;
  for_each_line(mounts, [&](std::string_view line) {
    // The id, the parent's id, the device, the root, the mount point, and more.
    const std::vector<std::string> words = words_of(line);
    const auto key = words.size() > 4 ? parse(words[3]) : std::nullopt;
    if (!key) return;
    entry_of(entries, *key).mounts += words[4] + "\n";
    places.insert_or_assign(unescape(words[4]), *key);
  });
}

}  // namespace

Failure scan_proc(std::vector<NamespaceEntry>& found) {
  const Fd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return failed("open");
  Entries entries;
  Places places;
  add_mounts(entries, places);
  for_each_number(proc.get(), [&](int pid, const char* name) { add_process(entries, places, proc.get(), pid, name); });
  for (auto& [key, entry] : entries)
    found.push_back(std::move(entry));
  return {};
}

}  // namespace netloom
