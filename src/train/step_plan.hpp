// Which rows each step of a rewriter's training reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attune/train/rewriter.hpp"

namespace attune::train {

struct PlannedSource {
  double weight = 1;                    // how often an epoch shows each row: the whole part always, the rest by chance
  std::vector<std::size_t> sizes = {};  // of each row, as RewriterSchedule::rows_per_step counts
};
struct PlannedRow {
  std::uint32_t source = 0;
  std::uint32_t row = 0;
};
// The steps of all epochs, one after the other; follows from the seed.
std::vector<std::vector<PlannedRow>> plan_steps(std::span<const PlannedSource> sources, const RewriterRecipe& recipe);

}  // namespace attune::train
