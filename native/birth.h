// What a new process does until it is the program that it shall be. It shares our memory meanwhile, so all that needs
// memory is prepared before, and how it fails is told in memory too.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "failure.h"
#include "fd.h"
#include "process.h"

namespace netloom {

class Birth {
 public:
  struct Stack {
    alignas(16) std::array<std::byte, 64 * 1024> bytes;
    void* top() { return bytes.data() + bytes.size(); }
  };

  // `stdio`: of each, our descriptor that it gets, or -1. Both are to outlive the birth.
  Birth(const ProcessRequest& request, std::vector<int> stdio);

  // Whether one process has to enter the namespaces for another one, which is born in them: into a process namespace
  // nobody moves, and a new user namespace needs somebody outside who gives it its numbers.
  bool is_twofold() const;
  // For clone(2), with CLONE_VM and CLONE_VFORK.
  static int run(void* birth);
  // When clone has returned: the memory may go.
  void end_first();

  std::vector<std::string> etc_entries;
  Fd parent_fd;  // a pidfd of this process, if the new one dies with it
  // When clone has returned:
  Failure failure;
  pid_t second = 0;  // the process, if it is a second one; the first has ended

 private:
  // The one place where a process enters its namespaces.
  Failure enter();
  Failure join(bool after_user);
  Failure bear_second();
  void open_gate(uint32_t how);
  Failure write_maps();
  Failure write_map(int proc, const char* file, const std::string& map);
  Failure mount_like_ip_netns();
  Failure settle();
  Failure place_stdio();
  Failure change_user();
  Failure follow_parent();
  Failure execute();
  [[noreturn]] void become();
  [[noreturn]] void fail(Failure why);
  static int run_second(void* birth);

  const ProcessRequest& request_;
  std::vector<int> stdio_;
  std::vector<std::string> candidates_;  // where the program may be
  std::vector<char*> arguments_;
  std::vector<char*> shell_arguments_;  // of a script without an interpreter's name: [shell, place, arguments …]
  std::vector<char*> environment_;
  std::vector<bool> postponed_;
  int left_to_make_;
  pid_t parent_;
  int parent_number_ = -1;  // of parent_fd in the new process, if it had to make way
  std::unique_ptr<Stack> second_stack_;
  std::atomic<uint32_t> gate_ = 0;            // for the second: 1 to go on, 2 to end
  std::atomic<uint32_t> second_is_here_ = 0;  // its number, until it has memory of its own, or has ended
};

}  // namespace netloom
