#include "files/file_jobs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <climits>

#include "base/read_all.h"
#include "node/values.h"

namespace netloom {
namespace {

// A fifo or a device in /etc must not block the lane.
constexpr int kUnwaited = O_NOCTTY | O_NONBLOCK;
constexpr int kDirectory = O_PATH | O_DIRECTORY;

}  // namespace

void AccessFiles::run(ThreadHome& thread) {
  failure = thread.sockets().with_room(
      [&] { return netns_->inside(thread, [&](const NetnsOpener& opener) { return access(opener); }); });
}

Failure AccessFiles::access(const NetnsOpener& opener) {
  opener_ = tree_ == FileTree::etc ? NetnsOpener() : opener;
  found_.assign(files_.size(), Found());
  resolve_ = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // The symbolic links of sysfs do not lead out of it.
  if (tree_ != FileTree::sysfs) resolve_ |= RESOLVE_NO_SYMLINKS;
  Fd root;
  Fd below;  // searched for files that `root` does not have
  if (Failure failure = open_tree(root, below)) return failure;
  if (what_ == What::write) {
    write_all(root.get());
    return {};
  }
  for (size_t i = 0; i < files_.size(); ++i) {
    const std::string& path = files_[i].path;
    const auto look = [&](int at) -> Failure {
      if (what_ == What::read) return read_file(at, path, found_[i].content);
      if (what_ == What::link) return read_link(at, path, found_[i].content);
      if (what_ == What::list) return list(at, path, found_[i].entries);
      return walk(at, path, found_[i].entries);
    };
    found_[i].failure = root ? look(root.get()) : Failure{ENOENT, "openat2"};
    if (below && found_[i].failure.error == ENOENT) {
      // Symbolic links in the machine's own /etc are trusted.
      const uint64_t resolve = std::exchange(resolve_, 0);
      found_[i].failure = look(below.get());
      resolve_ = resolve;
    }
    if (is_out_of_descriptors(found_[i].failure.error)) return found_[i].failure;
  }
  return {};
}

Failure AccessFiles::open_tree(Fd& root, Fd& below) const {
  switch (tree_) {
    case FileTree::sysctl:
      return opener_.open(AT_FDCWD, "/proc/sys/net", kDirectory, 0, root);
    case FileTree::proc:
      return opener_.open(AT_FDCWD, "/proc/thread-self/net", kDirectory, 0, root);
    case FileTree::sysfs:
      return opener_.sysfs(root);
    case FileTree::etc:
      break;
  }
  if (!name_.empty()) {
    const Failure failure = opener_.open(AT_FDCWD, "/etc/netns/" + name_, kDirectory, RESOLVE_NO_SYMLINKS, root);
    if (failure && failure.error != ENOENT) return failure;
  }
  return opener_.open(AT_FDCWD, "/etc", kDirectory, 0, below);
}

Failure AccessFiles::open_file(int root, const std::string& path, int flags, Fd& file) const {
  return opener_.open(root, path.empty() ? "." : path, flags, resolve_, file);
}

Failure AccessFiles::read_file(int root, const std::string& path, std::string& content) const {
  Fd file;
  if (Failure failure = open_file(root, path, O_RDONLY | kUnwaited, file)) return failure;
  return read_all(file.get(), content);
}

Failure AccessFiles::write_file(int root, const std::string& path, const std::string& content) const {
  Fd file;
  if (Failure failure = open_file(root, path, O_WRONLY | kUnwaited, file)) return failure;
  // One write(2) is enough: the kernel accepts a whole value, or refuses it.
  return ::write(file.get(), content.data(), content.size()) >= 0 ? Failure{} : failed("write");
}

void AccessFiles::write_all(int root) {
  size_t done = 0;
  for (; done < files_.size(); ++done) {
    // A file that cannot be read has no old value to restore.
    if (read_file(root, files_[done].path, found_[done].content)) found_[done].content.clear();
    found_[done].failure = write_file(root, files_[done].path, files_[done].content);
    if (found_[done].failure) break;
  }
  if (done == files_.size()) return;
  while (done-- > 0) {
    if (!found_[done].content.empty()) (void)write_file(root, files_[done].path, found_[done].content);
  }
}

Failure AccessFiles::read_link(int root, const std::string& path, std::string& target) const {
  const size_t slash = path.rfind('/');
  Fd directory;
  const std::string parent = slash == std::string::npos ? std::string() : path.substr(0, slash);
  if (Failure failure = open_file(root, parent, O_PATH | O_DIRECTORY, directory)) return failure;
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  target.resize(PATH_MAX);
  const ssize_t size = ::readlinkat(directory.get(), name.c_str(), target.data(), target.size());
  if (size < 0) return failed("readlink");
  target.resize(static_cast<size_t>(size));
  return {};
}

Failure AccessFiles::list(int root, const std::string& path, std::vector<Entry>& entries) const {
  std::vector<std::string> names;
  if (Failure failure = opener_.list(root, path.empty() ? "." : path, resolve_, names)) return failure;
  for (std::string& name : names)
    entries.push_back(Entry{std::move(name), {}});
  return {};
}

Failure AccessFiles::walk(int root, const std::string& path, std::vector<Entry>& entries) const {
  std::vector<Entry> names;
  if (Failure none = list(root, path, names)) {
    if (is_out_of_descriptors(none.error)) return none;
    Entry file{path, {}};
    const Failure unread = read_file(root, path, file.content);
    if (!unread) entries.push_back(std::move(file));
    // A file that cannot be read is left out; but without descriptors this fails, as the file may be readable.
    return is_out_of_descriptors(unread.error) ? unread : Failure{};
  }
  for (const Entry& entry : names) {
    if (Failure failure = walk(root, path.empty() ? entry.path : path + "/" + entry.path, entries)) return failure;
  }
  return {};
}

napi_value AccessFiles::deliver(const Delivery& to) {
  if (failure) return nullptr;
  const auto bytes = [&](const std::string& content) {
    return make_bytes(to.env, reinterpret_cast<const uint8_t*>(content.data()), content.size());
  };
  ArrayValue result(to.env);
  for (const Found& found : found_) {
    result.push(found.failure.error);
    result.push(found.failure.call ? make_text(to.env, found.failure.call) : nullptr);
    if (what_ == What::list || what_ == What::walk) {
      ArrayValue entries(to.env);
      for (const Entry& entry : found.entries) {
        entries.push(make_text(to.env, entry.path));
        if (what_ == What::walk) entries.push(bytes(entry.content));
      }
      result.push(entries);
    } else {
      result.push(what_ == What::write ? nullptr : bytes(found.content));
    }
  }
  return result;
}

}  // namespace netloom
