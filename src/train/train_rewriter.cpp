#include <algorithm>

#include "attune/core/file.hpp"
#include "attune/train/rewriter.hpp"

#include "train/edit_task.hpp"
#include "train/rewriter_rows.hpp"
#include "train/training_loop.hpp"

namespace attune::train {
namespace {

std::vector<std::string> with_none(std::vector<std::string> words) {
  words.insert(words.begin(), "");
  return words;
}

// The run's name: recipe, encoder, and how many rows each source gave.
std::string name_of(const RewriterTraining& training, const EditModel& start, std::span<const RewriterSource> sources) {
  std::string what = rewriter_recipe_to_json(training.recipe) + start.base;
  for (const RewriterSource& source : sources) {
    what += "\n" + source.name + " " + std::to_string(source.rows.size()) + " " + std::to_string(source.left_out);
    for (const RewriterRow& row : source.rows) what += " " + std::to_string(row.rows.size());
  }
  return sha256_hex(what);
}

LoopOptions loop_options(const RewriterTraining& training, std::string name, std::uint64_t steps) {
  const RewriterRecipe& recipe = training.recipe;
  LoopOptions options;
  options.recipe = std::move(name);
  options.folder = training.folder;
  options.lanes = recipe.schedule.lanes;
  options.threads = training.threads;
  options.learning_rate = {recipe.optimiser.learning_rate, recipe.schedule.warm_up, steps, recipe.optimiser.floor};
  options.adamw.weight_decay = recipe.optimiser.weight_decay;
  options.clip = recipe.optimiser.clip;
  options.average_decay = recipe.optimiser.average_decay;
  options.measure_every = recipe.schedule.measure_every;
  options.checkpoint_every = std::chrono::seconds(recipe.schedule.checkpoint_seconds);
  options.stop_after = training.steps;
  return options;
}

}  // namespace

Result<RewriterReport> train_rewriter(const RewriterTraining& training, const TrainingProgressSink& progress,
                                      const std::stop_token& stop) {
  const RewriterRecipe& recipe = training.recipe;
  const std::filesystem::path encoder_folder =
      recipe.model.start.empty() ? training.embedder : training.data / recipe.model.start;
  auto start = start_edit_model(encoder_folder, {.lower_layers = recipe.model.lower_layers,
                                                 .upper_layers = recipe.model.upper_layers,
                                                 .glue = with_none(recipe.glue),
                                                 .seed = recipe.seed});
  if (!start) return start.error();
  if (!recipe.name.empty()) start->name = recipe.name;
  const auto encoder = Encoder::open(encoder_folder, {.threads = training.threads});
  if (!encoder) return encoder.error();
  const auto sources = read_rewriter_rows(training, *start, **encoder, progress, stop);
  if (!sources) return sources.error();
  RewriterReport report;
  for (const RewriterSource& source : *sources) {
    report.rows += source.rows.size();
    report.held_out += source.held_out.size();
    report.left_out += source.left_out;
  }
  if (report.rows == 0) return Error{ErrorKind::bad_input, "there are no rows to learn from"};
  EditTask task(*start, *sources, recipe, training.threads);
  const auto tell = [&](const LoopProgress& now) {
    if (!progress) return;
    TrainingProgress said{.phase = TrainingProgress::Phase::training, .of = {}, .done = now.step, .total = now.steps};
    said.loss = now.loss;
    said.pairs_per_second = now.pairs_per_second;
    said.left = now.left;
    if (now.measurement != nullptr) said.measured = now.measurement->numbers;
    progress(said);
  };
  auto result =
      run_training(task, loop_options(training, name_of(training, *start, *sources), task.steps()), tell, stop);
  if (!result) return result.error();
  EditModel model = std::move(*start);
  model.weights = std::move(result->weights);
  model.notes["recipe"] = rewriter_recipe_to_json(recipe, -1);
  model.notes["steps"] = std::to_string(result->best_step);
  if (const Status saved = save_edit_model(model, training.output, WeightPrecision::int8); !saved) return saved.error();
  report.steps = result->step;
  report.finished = result->finished;
  report.best_step = result->best_step;
  report.first_measure = result->first_measure;
  report.best_measure = result->best_measure;
  return report;
}

}  // namespace attune::train
