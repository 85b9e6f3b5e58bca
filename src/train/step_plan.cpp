#include "train/step_plan.hpp"

#include <cmath>

#include "train/randomness.hpp"

namespace attune::train {

std::vector<std::vector<PlannedRow>> plan_steps(std::span<const PlannedSource> sources, const RewriterRecipe& recipe) {
  std::vector<std::vector<PlannedRow>> steps;
  for (std::size_t epoch = 0; epoch < recipe.schedule.epochs; ++epoch) {
    Randomness chance = Randomness(recipe.seed).child(epoch);
    std::vector<PlannedRow> shown;
    for (std::uint32_t source = 0; source < sources.size(); ++source) {
      const double whole = std::floor(sources[source].weight);
      for (std::uint32_t row = 0; row < sources[source].sizes.size(); ++row) {
        const std::size_t times =
            static_cast<std::size_t>(whole) + (chance.happens(sources[source].weight - whole) ? 1 : 0);
        shown.insert(shown.end(), times, PlannedRow{source, row});
      }
    }
    chance.shuffle(shown);
    std::size_t size = recipe.schedule.rows_per_step;
    for (const PlannedRow& place : shown) {
      if (size >= recipe.schedule.rows_per_step) {
        steps.emplace_back();
        size = 0;
      }
      steps.back().push_back(place);
      size += sources[place.source].sizes[place.row];
    }
  }
  return steps;
}

}  // namespace attune::train
