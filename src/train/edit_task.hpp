// Training edit layers on rows: which rows a step reads, and how many of those held out come out right.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "attune/model/edit.hpp"

#include "train/edit_pass.hpp"
#include "train/rewriter_rows.hpp"
#include "train/step_plan.hpp"
#include "train/training_loop.hpp"

namespace attune::train {

class EditTask final : public Task {
 public:
  // All must outlive the task.
  EditTask(const EditModel& start, std::span<const RewriterSource> sources, const RewriterRecipe& recipe, int threads);

  [[nodiscard]] std::vector<float> first_weights() const override { return start_.weights; }
  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override;
  void use(std::span<const float> weights) override;
  Result<LaneResult> run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) override;
  // The share of all held-out rows whose rewrite has the units of the person's; a source of few rows says little.
  Result<Measurement> measure() override;
  // Of all epochs.
  [[nodiscard]] std::uint64_t steps() const { return steps_.size(); }

 private:
  [[nodiscard]] bool comes_out_right(const JudgedRow& row, const EditLayers& layers) const;

  const EditModel& start_;
  std::span<const RewriterSource> sources_;
  const RewriterRecipe& recipe_;
  int threads_;
  std::vector<float> weights_;
  TrainableEdit packed_;
  std::vector<EditPass> passes_;                // one for each lane
  std::vector<std::vector<PlannedRow>> steps_;  // of all epochs
};

}  // namespace attune::train
