#include <algorithm>

#include "attune/core/file.hpp"
#include "attune/train/reranker.hpp"

#include "train/kept_scores.hpp"
#include "train/prepare_reranker.hpp"
#include "train/training_loop.hpp"

namespace attune::train {
namespace {

LoopOptions loop_options(const RerankerTraining& training, const PreparedReranker& prepared) {
  const Recipe& recipe = training.recipe;
  LoopOptions options;
  std::string what = recipe_to_json(recipe) + prepared.start.base;
  for (const RerankerSource& source : prepared.sources) what += digest_of(source.set);
  options.recipe = sha256_hex(what);
  options.folder = training.folder;
  options.lanes = recipe.schedule.lanes;
  options.threads = training.threads;
  options.learning_rate = {recipe.optimiser.learning_rate, recipe.schedule.warm_up, recipe.schedule.steps,
                           recipe.optimiser.floor};
  options.adamw = {recipe.optimiser.beta1, recipe.optimiser.beta2, recipe.optimiser.epsilon,
                   recipe.optimiser.weight_decay};
  options.clip = recipe.optimiser.clip;
  options.average_decay = recipe.optimiser.average_decay;
  options.measure_every = recipe.schedule.measure_every;
  options.patience = recipe.schedule.patience;
  options.checkpoint_every = std::chrono::seconds(recipe.schedule.checkpoint_seconds);
  return options;
}

void note_loss(const Measurement& measurement, RerankerReport& report) {
  for (const auto& [name, value] : measurement.numbers) {
    if (name != kHeldOutLoss) continue;
    if (report.first_loss == 0) report.first_loss = value;
    report.best_loss = report.best_loss == 0 ? value : std::min(report.best_loss, value);
  }
}

Result<RerankerReport> keep_teachers(const RerankerTraining& training, const TrainingProgressSink& progress,
                                     const std::stop_token& stop) {
  const auto groups = prepare_taught_groups(training, progress, stop);
  if (!groups) return groups.error();
  const Status kept = keep_scores(training.keep_scores, groups->sets, teachers_of(training));
  if (!kept) return kept.error();
  RerankerReport report{.finished = true};
  for (const GroupSet& set : groups->sets) {
    report.groups += set.groups.size();
    report.passages += set.passages.size();
  }
  return report;
}

}  // namespace

Result<RerankerReport> train_reranker(const RerankerTraining& training, const TrainingProgressSink& progress,
                                      const std::stop_token& stop) {
  if (!training.keep_scores.empty()) return keep_teachers(training, progress, stop);
  auto prepared = prepare_reranker(training, progress, stop);
  if (!prepared) return prepared.error();
  RerankerReport report;
  for (const RerankerSource& source : prepared->sources) {
    report.groups += source.set.groups.size();
    report.passages += source.set.passages.size();
  }
  RerankerTask task(*prepared->reader, prepared->start, prepared->sources, task_options(training));
  const auto tell = [&](const LoopProgress& now) {
    if (!progress && now.measurement == nullptr) return;
    TrainingProgress said{.phase = TrainingProgress::Phase::training, .of = {}, .done = now.step, .total = now.steps};
    said.loss = now.loss;
    said.pairs_per_second = now.pairs_per_second;
    said.left = now.left;
    if (now.measurement != nullptr) {
      note_loss(*now.measurement, report);
      said.measured = now.measurement->numbers;
    }
    if (progress) progress(said);
  };
  auto result = run_training(task, loop_options(training, *prepared), tell, stop);
  if (!result) return result.error();
  task.use(result->weights);
  const auto judged = task.judge_held_out();
  if (!judged) return judged.error().while_doing("calibrating");
  JointModel model = prepared->start;
  model.weights = std::move(result->weights);
  model.calibration = fit_calibration(*judged);
  if (model.calibration) report.calibration_error = calibration_error(*model.calibration, *judged);
  if (!training.recipe.name.empty()) model.name = training.recipe.name;
  model.notes["recipe"] = recipe_to_json(training.recipe, -1);
  model.notes["steps"] = std::to_string(result->best_step);
  if (const Status status = save_joint_model(model, training.output, WeightPrecision::int8); !status) {
    return status.error();
  }
  report.steps = result->step;
  report.finished = result->finished;
  report.best_step = result->best_step;
  report.measured_by = task.measured_by();
  const double sign = report.measured_by == kHeldOutNdcg ? 1 : -1;
  report.best_measure = sign * result->best_measure;
  report.first_measure = sign * result->first_measure;
  return report;
}

}  // namespace attune::train
