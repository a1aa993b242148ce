// Starting a process inside namespaces: it is born there by a vfork-like clone, while the thread that starts it stays
// where it is.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "failure.h"
#include "fd.h"

namespace netloom {

// A namespace that exists and that the process is born in.
struct JoinedNamespace {
  Fd fd;
  int kind;  // CLONE_NEW…
};

struct ProcessRequest {
  static constexpr int kIgnored = -1;
  static constexpr int kPiped = -2;

  std::string file;
  std::vector<std::string> arguments;    // the first is what the program is called
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // empty: that of this process
  std::vector<int> stdio;                // of each: a descriptor of ours, or one of the above
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  bool detached = false;
  bool dies_with_parent = false;

  // In the order in which they are entered, but for what only a user namespace allows: that comes behind it.
  std::vector<JoinedNamespace> joined;
  int made = 0;  // CLONE_NEW… of those that are made for it
  bool etc = false;
  std::string etc_directory;  // what is in it is mounted over what is in /etc; empty: nothing
  std::string host_name;
  std::string domain_name;
  std::string uid_map;  // lines for /proc/PID/uid_map
  std::string gid_map;
};

struct StartedProcess {
  pid_t pid = 0;
  Fd pidfd;
  std::vector<Fd> ends;  // our ends of the pipes, where there is one; also if the program could not be executed
};

// On the thread whose end ends a process that dies with its parent. When it returns without a failure the program runs;
// when it fails, there is no process.
Failure start_process(const ProcessRequest& request, StartedProcess& started);

// Whether a process of ours has ended; takes its end, so that it is told once. A code of -1: it is none of ours (any
// more).
bool take_end(int pidfd, int& code, int& signal);

// The descriptor of a namespace of a kind (CLONE_NEW…) behind a path; EINVAL for what is none.
Failure open_kind(const std::string& path, int kind, Fd& opened);
// The same of a descriptor, which is duplicated.
Failure duplicate_kind(int fd, int kind, Fd& opened);

}  // namespace netloom
