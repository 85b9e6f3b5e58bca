#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/train/rewriter.hpp"

#include "train/edit_task.hpp"
#include "train/rewriter_rows.hpp"
#include "train/sequence_task.hpp"
#include "train/training_loop.hpp"

namespace attune::train {
namespace {

std::vector<std::string> with_none(std::vector<std::string> words) {
  words.insert(words.begin(), "");
  return words;
}

// The run's name: recipe, encoder, and how many rows each source gave, of which sizes.
class RunName {
 public:
  RunName(const RewriterTraining& training, const std::string& base)
      : what_(rewriter_recipe_to_json(training.recipe) + base) {}
  template <typename Source, typename Size>
  void add(const Source& source, const Size& size) {
    what_ += "\n" + source.name + " " + std::to_string(source.rows.size()) + " " + std::to_string(source.left_out);
    for (const auto& row : source.rows) what_ += " " + std::to_string(size(row));
  }
  [[nodiscard]] std::string finished() const { return sha256_hex(what_); }

 private:
  std::string what_;
};

template <typename Source>
void count(std::span<const Source> sources, RewriterReport& report) {
  for (const Source& source : sources) {
    report.rows += source.rows.size();
    report.held_out += source.held_out.size();
    report.left_out += source.left_out;
  }
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

std::filesystem::path encoder_folder(const RewriterTraining& training) {
  const std::string& start = training.recipe.model.start;
  return start.empty() ? training.embedder : training.data / start;
}

// Runs the loop, and fills the report with how it went.
Result<std::vector<float>> run(Task& task, const LoopOptions& options, const TrainingProgressSink& progress,
                               const std::stop_token& stop, RewriterReport& report) {
  if (report.rows == 0) return Error{ErrorKind::bad_input, "there are no rows to learn from"};
  const auto tell = [&](const LoopProgress& now) {
    if (!progress) return;
    TrainingProgress said{.phase = TrainingProgress::Phase::training, .of = {}, .done = now.step, .total = now.steps};
    said.loss = now.loss;
    said.pairs_per_second = now.pairs_per_second;
    said.left = now.left;
    if (now.measurement != nullptr) said.measured = now.measurement->numbers;
    progress(said);
  };
  auto result = run_training(task, options, tell, stop);
  if (!result) return result.error();
  report.steps = result->step;
  report.finished = result->finished;
  report.best_step = result->best_step;
  report.first_measure = result->first_measure;
  report.best_measure = result->best_measure;
  return std::move(result->weights);
}

template <typename Model>
void describe_training(Model& model, const RewriterRecipe& recipe, const RewriterReport& report) {
  if (!recipe.name.empty()) model.name = recipe.name;
  model.notes["recipe"] = rewriter_recipe_to_json(recipe, -1);
  model.notes["steps"] = std::to_string(report.best_step);
}

Result<RewriterReport> train_edits(const RewriterTraining& training, const TrainingProgressSink& progress,
                                   const std::stop_token& stop) {
  const RewriterRecipe& recipe = training.recipe;
  auto start = start_edit_model(encoder_folder(training), {.lower_layers = recipe.model.lower_layers,
                                                           .upper_layers = recipe.model.upper_layers,
                                                           .glue = with_none(recipe.glue),
                                                           .seed = recipe.seed});
  if (!start) return start.error();
  const auto encoder = Encoder::open(encoder_folder(training), {.threads = training.threads});
  if (!encoder) return encoder.error();
  const auto sources = read_rewriter_rows(training, *start, **encoder, progress, stop);
  if (!sources) return sources.error();
  RewriterReport report;
  count(std::span<const RewriterSource>(*sources), report);
  RunName name(training, start->base);
  for (const RewriterSource& source : *sources) {
    name.add(source, [](const RewriterRow& row) { return row.rows.size(); });
  }
  EditTask task(*start, *sources, recipe, training.threads);
  auto weights = run(task, loop_options(training, name.finished(), task.steps()), progress, stop, report);
  if (!weights) return weights.error();
  EditModel model = std::move(*start);
  model.weights = std::move(*weights);
  describe_training(model, recipe, report);
  if (const Status saved = save_edit_model(model, training.output, WeightPrecision::int8); !saved) return saved.error();
  return report;
}

// As `attune eval rewrite` reads them.
Status write_held_out(const std::filesystem::path& folder, std::span<const SequenceTrainingSource> sources) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  std::string lines;
  std::size_t id = 0;
  for (const SequenceTrainingSource& source : sources) {
    for (const StatedRow& row : source.stated_held_out) {
      const nlohmann::ordered_json line = {{"id", std::to_string(++id)},
                                           {"history", row.conversation.history},
                                           {"query", row.conversation.question},
                                           {"rewrite", row.rewrite}};
      lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
  }
  return write_file_durably(folder / "held-out.jsonl", lines);
}

Result<RewriterReport> train_sequence(const RewriterTraining& training, const TrainingProgressSink& progress,
                                      const std::stop_token& stop) {
  const RewriterRecipe& recipe = training.recipe;
  std::unique_ptr<Encoder> encoder;
  if (recipe.sequence.reads_encoder) {
    auto opened = Encoder::open(encoder_folder(training), {.threads = training.threads});
    if (!opened) return opened.error();
    encoder = *std::move(opened);
  }
  auto start = start_sequence(training, encoder.get(), progress, stop);
  if (!start) return start.error();
  SequenceModel& model = start->model;
  model.name = recipe.architecture;
  if (encoder) {
    model.base = encoder->description().identity;
    model.licence = encoder->description().licence;
  }
  RewriterReport report;
  count(std::span<const SequenceTrainingSource>(start->sources), report);
  RunName name(training, model.base);
  for (const SequenceTrainingSource& source : start->sources) {
    name.add(source, [](const SequenceTrainingRow& row) { return row.size(); });
  }
  if (const Status written = write_held_out(training.folder, start->sources); !written) return written.error();
  SequenceTask task(*start, recipe, training.threads);
  auto weights = run(task, loop_options(training, name.finished(), task.steps()), progress, stop, report);
  if (!weights) return weights.error();
  model.weights = std::move(*weights);
  describe_training(model, recipe, report);
  const Status saved = save_sequence_model(model, training.output, WeightPrecision::int8);
  if (!saved) return saved.error();
  return report;
}

}  // namespace

Result<RewriterReport> train_rewriter(const RewriterTraining& training, const TrainingProgressSink& progress,
                                      const std::stop_token& stop) {
  return training.recipe.architecture == "edits" ? train_edits(training, progress, stop)
                                                 : train_sequence(training, progress, stop);
}

}  // namespace attune::train
