// From a recipe to what a reranker's training reads: groups with negatives and teachers' scores, and passages' states.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "attune/embed.hpp"
#include "attune/model/joint.hpp"
#include "attune/train/reranker.hpp"

#include "train/reranker_task.hpp"

namespace attune::train {

struct PreparedReranker {
  JointModel start;
  std::vector<RerankerSource> sources;
  std::unique_ptr<Embedder> reader;  // on one thread: lanes call it side by side
};

std::filesystem::path encoder_of(const RerankerTraining& training);
// Whom the loss listens to: the recipe's teachers, or what they said when it was kept.
std::vector<Teacher> teachers_of(const RerankerTraining& training);
RerankerTaskOptions task_options(const RerankerTraining& training);
Result<JointModel> start_of(const RerankerTraining& training);

// Groups with the teachers' scores: the first half of prepare_reranker.
Result<RecipeSets> prepare_taught_groups(const RerankerTraining& training, const TrainingProgressSink& progress,
                                         const std::stop_token& stop);

Result<PreparedReranker> prepare_reranker(const RerankerTraining& training, const TrainingProgressSink& progress,
                                          const std::stop_token& stop);

}  // namespace attune::train
