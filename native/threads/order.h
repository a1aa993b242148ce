// Which job may run when: uses of one namespace keep the order of their submission, except that readers share a turn.
#pragma once

#include <list>
#include <map>

#include "threads/job.h"

namespace netloom {

class Order {
 public:
  // Enters a job; returns how many of its uses have to wait for earlier jobs.
  uint32_t enter(const JobPointer& job, const std::vector<Use>& uses);
  // Takes a job out that ran; calls `released` for each one that waited for this use and a use less is in its way now.
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
  // Only the jobs of a line's first turn run, so a job that ends always belongs to it.
  std::map<Identity, std::list<Turn>> turns_;
};

}  // namespace netloom
