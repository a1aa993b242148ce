#include "threads/order.h"

namespace netloom {

uint32_t Order::enter(const JobPointer& job, const std::vector<Use>& uses) {
  uint32_t blockers = 0;
  for (const Use& use : uses) {
    std::list<Turn>& line = turns_[use.of];
    if (line.empty() || use.changes || line.back().changes) line.push_back(Turn{use.changes, 0, {}});
    Turn& turn = line.back();
    ++turn.unfinished;
    if (line.size() > 1) {
      turn.waiting.push_back(job);
      ++blockers;
    }
  }
  return blockers;
}

}  // namespace netloom
