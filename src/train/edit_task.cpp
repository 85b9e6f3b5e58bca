#include "train/edit_task.hpp"

#include <algorithm>
#include <atomic>

#include "attune/core/work_sharing.hpp"

#include "train/edit_targets.hpp"
#include "train/randomness.hpp"

namespace attune::train {
namespace {

std::vector<float> plain_states(const RoundedStates& rounded) {
  std::vector<float> states(rounded.values.size());
  unround_states(rounded.values, rounded.scales, states);
  return states;
}

}  // namespace

EditTask::EditTask(const EditModel& start, std::span<const RewriterSource> sources, const RewriterRecipe& recipe,
                   int threads)
    : start_(start), sources_(sources), recipe_(recipe), threads_(threads), passes_(recipe.schedule.lanes) {
  std::vector<PlannedSource> planned;
  for (const RewriterSource& source : sources) {
    planned.push_back({source.weight, {}});
    for (const RewriterRow& row : source.rows) planned.back().sizes.push_back(row.rows.size());
  }
  steps_ = plan_steps(planned, recipe);
}

std::vector<WeightGroup> EditTask::weight_groups() const {
  std::vector<WeightGroup> groups;
  for (const WeightSlice& slice : edit_layout(start_.shape)) {
    const double rate = slice.name.starts_with("layers.") ? 1 : recipe_.optimiser.head_rate;
    groups.push_back({slice.first, slice.count(), slice.columns > 0, rate});
  }
  return groups;
}

void EditTask::use(std::span<const float> weights) {
  weights_.assign(weights.begin(), weights.end());
  packed_.pack(start_.shape, weights_, thread_count(threads_));
}

Result<LaneResult> EditTask::run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) {
  const std::vector<PlannedRow>& places = steps_[step - 1];
  std::vector<std::vector<float>> states;
  std::vector<EditExample> examples;
  LaneResult result;
  for (std::size_t i = lane; i < places.size(); i += passes_.size()) {
    const RewriterRow& row = sources_[places[i].source].rows[places[i].row];
    states.push_back(plain_states(row.states));
    examples.push_back({row.rows, states.back(), &row.targets});
    ++result.examples;
    result.pairs += row.rows.size();
  }
  Randomness chance = Randomness(recipe_.seed).child(step).child(lane);
  const LayerDropout dropout{recipe_.optimiser.dropout, chance.next()};
  result.loss = passes_[lane].run(start_.shape, packed_, weights_, examples, dropout, gradient);
  return result;
}

bool EditTask::comes_out_right(const JudgedRow& row, const EditLayers& layers) const {
  const auto scores = layers.score(row.reading.rows, plain_states(row.states));
  if (!scores) return false;
  const EditedText edited = apply_edits(row.conversation, row.reading, search_edits(*scores).front(), start_.glue);
  return same_units(edited.text, row.rewrite);
}

Result<Measurement> EditTask::measure() {
  EditModel model = start_;
  model.weights = weights_;
  const auto layers = EditLayers::pack(model, nn::Precision::f32, threads_);
  Measurement measurement;
  std::size_t judged = 0;
  std::size_t all_right = 0;
  for (const RewriterSource& source : sources_) {
    if (source.held_out.empty()) continue;
    std::atomic<std::size_t> right{0};
    share_out<int>(source.held_out.size(), thread_count(threads_), {}, [&](std::size_t index, int&) {
      if (comes_out_right(source.held_out[index], *layers)) ++right;
    });
    const double share = static_cast<double>(right) / static_cast<double>(source.held_out.size());
    measurement.numbers.emplace_back(source.name, share);
    all_right += right;
    judged += source.held_out.size();
  }
  if (judged > 0) measurement.measure = static_cast<double>(all_right) / static_cast<double>(judged);
  measurement.numbers.emplace_back("right", measurement.measure);
  return measurement;
}

}  // namespace attune::train
