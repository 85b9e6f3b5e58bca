// Which candidates may answer although their source does not say so.
//
// Private to mining. Thread-safe after construction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attune/train/groups.hpp"

namespace attune::train {

class LikelyAnswers {
 public:
  // `set` must outlive this. `near_question` as in MiningOptions.
  LikelyAnswers(const GroupSet& set, double near_question);

  // True if the passage says what a positive of the group says, holds it or stands in it, or if it is a positive of a
  // question with nearly the same terms.
  [[nodiscard]] bool may_answer(std::size_t group, std::uint32_t passage) const;

 private:
  [[nodiscard]] bool is_near(std::size_t left, std::size_t right) const;

  const GroupSet& set_;
  double near_question_;
  std::vector<std::string> plain_;                   // [passages] as plain_text
  std::vector<std::vector<std::uint32_t>> terms_;    // [groups] of the query, ascending, each once
  std::vector<std::vector<std::uint32_t>> answers_;  // [passages] the groups that they are a positive of
};

}  // namespace attune::train
