// The jobs that read and write the files of a namespace: its sysctls, its part of /proc and of sysfs, its /etc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "netns/namespace.h"
#include "threads/job.h"

namespace netloom {

// Directories that differ between network namespaces.
enum class FileTree : uint8_t {
  sysctl,  // /proc/sys/net
  proc,    // /proc/thread-self/net
  sysfs,   // a sysfs of the namespace's own, not attached to a mount point
  etc,     // /etc/netns/NAME over /etc, as `ip netns exec` mounts it
};
inline constexpr size_t kFileTreeCount = 4;

class AccessFiles final : public Job {
 public:
  enum class What : uint8_t {
    read,   // the content of each file
    write,  // all files, or none: if one fails, restores the old content of the others
    link,   // the target of each symbolic link
    list,   // the names in each directory
    walk,   // the files below each directory that can be read, with their content
  };
  static constexpr size_t kWhatCount = 5;
  struct File {
    std::string path;  // relative to the tree; cannot lead out of it
    std::string content;
  };

  AccessFiles(NamespacePointer netns, FileTree tree, What what, std::string name, std::vector<File> files)
      : netns_(std::move(netns)), tree_(tree), what_(what), name_(std::move(name)), files_(std::move(files)) {}
  void run(ThreadHome& thread) override;
  // For each file [errno, system call, content]; of a directory names, or paths and contents, in an array.
  napi_value deliver(const Delivery& to) override;

 private:
  struct Entry {
    std::string path;
    std::string content;
  };
  struct Found {
    Failure failure;
    std::string content;
    std::vector<Entry> entries;
  };

  Failure access(const NetnsOpener& opener);
  Failure open_tree(Fd& root, Fd& below) const;
  void write_all(int root);
  Failure open_file(int root, const std::string& path, int flags, Fd& file) const;
  Failure read_file(int root, const std::string& path, std::string& content) const;
  Failure write_file(int root, const std::string& path, const std::string& content) const;
  Failure read_link(int root, const std::string& path, std::string& target) const;
  Failure list(int root, const std::string& path, std::vector<Entry>& entries) const;
  Failure walk(int root, const std::string& path, std::vector<Entry>& entries) const;

  NamespacePointer netns_;
  FileTree tree_;
  What what_;
  std::string name_;  // of the namespace, for /etc/netns/NAME
  std::vector<File> files_;
  NetnsOpener opener_;
  uint64_t resolve_ = 0;  // RESOLVE_ flags of openat2
  std::vector<Found> found_;
};

}  // namespace netloom
