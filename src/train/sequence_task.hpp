// Training sequence models on rows: which rows a step reads, and how likely those held out are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/model/joint.hpp"
#include "attune/model/sequence.hpp"
#include "attune/rewrite/sequence.hpp"
#include "attune/train/rewriter.hpp"

#include "train/sequence_pass.hpp"
#include "train/stated_rows.hpp"
#include "train/step_plan.hpp"
#include "train/training_loop.hpp"

namespace attune::train {

struct SequenceTrainingRow {
  SequenceSource source;  // without its states
  RoundedStates states;
  std::vector<std::uint32_t> targets;
  [[nodiscard]] std::size_t size() const { return source.words.size() + targets.size() + 1; }
};

struct SequenceTrainingSource {
  std::string name;
  double weight = 1;
  std::vector<SequenceTrainingRow> rows;
  std::vector<SequenceTrainingRow> held_out;
  std::size_t left_out = 0;  // too long, or empty
  std::vector<StatedRow> stated_held_out;
};

// The rows of the recipe's sources, and a model whose vocabularies are the words of those to learn from, with its first
// numbers. `encoder` may be nullptr. Fails as the files' readers do.
struct SequenceStart {
  SequenceModel model;
  std::vector<SequenceTrainingSource> sources;
};
Result<SequenceStart> start_sequence(const RewriterTraining& training, const Encoder* encoder,
                                     const TrainingProgressSink& progress, const std::stop_token& stop);

class SequenceTask final : public Task {
 public:
  // All must outlive the task.
  SequenceTask(const SequenceStart& start, const RewriterRecipe& recipe, int threads);

  [[nodiscard]] std::vector<float> first_weights() const override { return start_.model.weights; }
  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override;
  void use(std::span<const float> weights) override;
  Result<LaneResult> run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) override;
  // -log p of a word of the held-out rows' targets, with a minus before it: higher is better.
  Result<Measurement> measure() override;
  // Of all epochs.
  [[nodiscard]] std::uint64_t steps() const { return steps_.size(); }

 private:
  const SequenceStart& start_;
  const RewriterRecipe& recipe_;
  int threads_;
  std::vector<float> weights_;
  TrainableSequence packed_;
  std::vector<SequencePass> passes_;            // one for each lane
  std::vector<std::vector<PlannedRow>> steps_;  // of all epochs
};

}  // namespace attune::train
