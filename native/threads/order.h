// Which job may run when: uses of one namespace keep the order of their submission, but readers that follow one another
// run side by side.
#pragma once

#include <list>
#include <map>

#include "threads/job.h"

namespace netloom {

class Order {
 public:
  // Enters a job; returns how many of its uses earlier jobs block.
  uint32_t enter(const JobPointer& job, const std::vector<Use>& uses);
  // Removes a job that has run; calls `released` for each job and each of its uses that this one was the last to block.
  template <class Released>
  void leave(const std::vector<Use>& uses, Released released) {
    for (const Use& use : uses) {
      auto entry = turns_.find(use.of);
      if (entry == turns_.end()) continue;
      std::list<Turn>& line = entry->second;
      if (--line.front().unfinished > 0) continue;
      line.pop_front();
      if (line.empty()) {
        turns_.erase(entry);
        continue;
      }
      for (const JobPointer& waiting : line.front().waiting)
        released(waiting);
      line.front().waiting.clear();
    }
  }

 private:
  // One change, or readers that follow one another.
  struct Turn {
    bool changes;
    size_t unfinished = 0;
    std::vector<JobPointer> waiting;
  };
  // Only jobs of the first turn in a line run, so a job that ends always belongs to it.
  std::map<Identity, std::list<Turn>> turns_;
};

}  // namespace netloom
