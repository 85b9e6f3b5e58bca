// attune train reranker|rewriter: their own weights, from a recipe and (reranker) from a person's own documents.
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/model.hpp"
#include "attune/train/gate.hpp"
#include "attune/train/reranker.hpp"
#include "attune/train/rewriter.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

using train::TrainingProgress;
using Clock = std::chrono::steady_clock;

struct TrainOptions {
  CommonOptions common;
  std::filesystem::path recipe;
  std::vector<std::filesystem::path> files;
  std::vector<std::filesystem::path> databases;
  std::filesystem::path data;
  std::filesystem::path run = "attune-training";
  std::filesystem::path output;
  std::string architecture = {};
  std::filesystem::path keep_scores;
  std::size_t steps = 0;
  bool dry_run = false;
  bool smoke = false;
};

std::string duration_text(double seconds) {
  char text[48];
  if (seconds < 120) {
    std::snprintf(text, sizeof text, "%.0f s", seconds);
  } else if (seconds < 2 * 3600) {
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  } else {
    std::snprintf(text, sizeof text, "%.1f h", seconds / 3600);
  }
  return text;
}

const char* phase_name(TrainingProgress::Phase phase) {
  switch (phase) {
    case TrainingProgress::Phase::embedding:
      return "mining, vectors";
    case TrainingProgress::Phase::searching:
      return "mining, negatives";
    case TrainingProgress::Phase::teaching:
      return "teacher";
    case TrainingProgress::Phase::reading:
      return "lower layers";
    case TrainingProgress::Phase::training:
      return "training";
  }
  return "";
}

std::string line_of(const TrainingProgress& now) {
  std::string line = phase_name(now.phase);
  if (!now.of.empty()) line += " " + now.of;
  line += "  " + std::to_string(now.done) + "/" + std::to_string(now.total);
  if (now.phase != TrainingProgress::Phase::training) return line;
  char rest[96];
  std::snprintf(rest, sizeof rest, "  loss %.4f  %.1f pairs/s  ", now.loss, now.pairs_per_second);
  return line + rest + duration_text(static_cast<double>(now.left.count())) + " left";
}

// On a terminal one line that is drawn again; elsewhere a line now and then. Measurements stay in any case.
class TrainingLine {
 public:
  explicit TrainingLine(bool enabled) : enabled_(enabled), terminal_(stderr_is_terminal()) {}
  TrainingLine(const TrainingLine&) = delete;
  TrainingLine& operator=(const TrainingLine&) = delete;
  ~TrainingLine() { clear(); }

  void show(const TrainingProgress& now) {
    if (!enabled_) return;
    if (!now.measured.empty()) print_measured(now);
    const auto pause = terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(15000);
    if (Clock::now() - last_ < pause) return;
    last_ = Clock::now();
    std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line_of(now).c_str());
    drawn_ = terminal_;
  }
  void clear() {
    if (drawn_) std::fputs("\r\033[K", stderr);
    drawn_ = false;
  }

 private:
  void print_measured(const TrainingProgress& now) {
    clear();
    std::string line = "step " + std::to_string(now.done) + ", held out:";
    char number[32];
    for (const auto& [name, value] : now.measured) {
      std::snprintf(number, sizeof number, " %.4f", value);
      line += (line.ends_with(':') ? " " : "; ") + name + number;
    }
    std::fprintf(stderr, "%s\n", line.c_str());
  }

  bool enabled_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point last_ = Clock::now() - std::chrono::hours(1);
};

// The recipe's data, and what the command line adds to it.
Result<train::RerankerTraining> training_of(const TrainOptions& options) {
  train::RerankerTraining training;
  if (!options.recipe.empty()) {
    auto recipe = train::read_recipe(options.recipe);
    if (!recipe) return recipe.error();
    training.recipe = std::move(*recipe);
  }
  const auto add = [&](const std::filesystem::path& path, const char* maker) {
    train::RecipeData data;
    data.maker = maker;
    data.path = to_utf8(std::filesystem::absolute(path));
    training.recipe.data.push_back(std::move(data));
  };
  for (const auto& file : options.files) add(file, "pairs");
  for (const auto& database : options.databases) add(database, "index");
  if (training.recipe.data.empty()) {
    return Error{
        ErrorKind::bad_input,
        "there is nothing to train on: name a --recipe, files of questions with their answers, or --from-index"};
  }
  for (const train::RecipeData& data : training.recipe.data) {
    if (const Status status = train::check_training_path(data.path); !status) return status.error();
  }
  if (options.smoke) training.recipe = train::smoke_version(training.recipe);
  if (options.steps > 0) training.recipe.schedule.steps = options.steps;
  const std::filesystem::path models = options.common.models.empty() ? default_models() : options.common.models;
  training.embedder = models / "embedder";
  training.data = options.data;
  training.folder = options.run;
  training.cache = options.run / "cache";
  training.output = options.output.empty() ? options.run / "model.safetensors" : options.output;
  training.keep_scores = options.keep_scores;
  training.threads = options.common.threads;
  return training;
}

Status run_dry(const train::RerankerTraining& training, const TrainOptions& options, Session& session) {
  const auto estimate = train::estimate_reranker(training, session.stop);
  if (!estimate) return estimate.error();
  if (options.common.json) {
    const nlohmann::ordered_json json = {{"groups", estimate->groups},
                                         {"passages", estimate->passages},
                                         {"tokens", estimate->tokens},
                                         {"steps", estimate->steps},
                                         {"pairs", estimate->pairs},
                                         {"preparation_seconds", std::round(estimate->preparation_seconds)},
                                         {"training_seconds", std::round(estimate->training_seconds)},
                                         {"memory_bytes", estimate->memory_bytes},
                                         {"disk_bytes", estimate->disk_bytes}};
    print_line(json.dump(2));
    return {};
  }
  print_line(std::to_string(estimate->groups) + " questions, " + std::to_string(estimate->passages) + " passages, " +
             std::to_string(estimate->tokens) + " tokens");
  print_line(std::to_string(estimate->steps) + " steps, " + std::to_string(estimate->pairs) + " pairs");
  print_line("about " + duration_text(estimate->preparation_seconds) + " to prepare, once, and " +
             duration_text(estimate->training_seconds) + " to train on this machine");
  print_line("up to " + std::to_string(estimate->memory_bytes >> 20U) + " MiB of memory and " +
             std::to_string(estimate->disk_bytes >> 20U) + " MiB in " + to_utf8(training.folder));
  return {};
}

Status run_reranker(const TrainOptions& options, Session& session) {
  const auto training = training_of(options);
  if (!training) return training.error();
  if (options.dry_run) return run_dry(*training, options, session);
  TrainingLine line(!options.common.json || stderr_is_terminal());
  const auto report = train::train_reranker(
      *training, [&](const TrainingProgress& now) { line.show(now); }, session.stop);
  line.clear();
  if (!report) return report.error();
  if (!report->finished) session.exit_code = kFailed;
  if (!training->keep_scores.empty()) {
    print_line("teachers' scores written to " + to_utf8(training->keep_scores));
    return {};
  }
  if (options.common.json) {
    const nlohmann::ordered_json json = {{"steps", report->steps},
                                         {"finished", report->finished},
                                         {"best_step", report->best_step},
                                         {"first_measure", report->first_measure},
                                         {"groups", report->groups},
                                         {"best_measure", report->best_measure},
                                         {"measured_by", report->measured_by},
                                         {"passages", report->passages},
                                         {"calibration_error", report->calibration_error},
                                         {"first_loss", report->first_loss},
                                         {"best_loss", report->best_loss},
                                         {"file", to_utf8(training->output)}};
    print_line(json.dump(2));
    return {};
  }
  char text[96];
  std::snprintf(text, sizeof text, "held out: %s %.4f before, %.4f at step ", report->measured_by.c_str(),
                report->first_measure, report->best_measure);
  print_line(text + std::to_string(report->best_step) + " of " + std::to_string(report->steps));
  print_line("written to " + to_utf8(training->output) + "; log and loss.svg in " + to_utf8(training->folder));
  if (!report->finished) print_line("stopped; the same command goes on from here");
  return {};
}

Status run_rewriter(const TrainOptions& options, Session& session) {
  auto recipe = train::read_rewriter_recipe(options.recipe);
  if (!recipe) return recipe.error();
  train::RewriterTraining training;
  training.recipe = std::move(*recipe);
  if (!options.architecture.empty()) training.recipe.architecture = options.architecture;
  if (const Status fine = train::check_rewriter_recipe(training.recipe); !fine) return fine;
  training.embedder = (options.common.models.empty() ? default_models() : options.common.models) / "embedder";
  training.data = options.data;
  training.folder = options.run;
  training.output = options.output.empty() ? options.run / "model.safetensors" : options.output;
  training.steps = options.steps;
  training.threads = options.common.threads;
  TrainingLine line(!options.common.json || stderr_is_terminal());
  const auto report = train::train_rewriter(
      training, [&](const TrainingProgress& now) { line.show(now); }, session.stop);
  line.clear();
  if (!report) return report.error();
  if (!report->finished && options.steps == 0) session.exit_code = kFailed;
  if (options.common.json) {
    const nlohmann::ordered_json json = {{"steps", report->steps},
                                         {"finished", report->finished},
                                         {"best_step", report->best_step},
                                         {"first_measure", report->first_measure},
                                         {"best_measure", report->best_measure},
                                         {"rows", report->rows},
                                         {"held_out", report->held_out},
                                         {"left_out", report->left_out},
                                         {"file", to_utf8(training.output)}};
    print_line(json.dump(2));
    return {};
  }
  char text[128];
  if (training.recipe.architecture == "edits") {
    std::snprintf(text, sizeof text, "held out: %.1f %% come out right before, %.1f %% at step ",
                  100 * report->first_measure, 100 * report->best_measure);
  } else {
    std::snprintf(text, sizeof text, "held out: -log p of a word %.3f before, %.3f at step ", -report->first_measure,
                  -report->best_measure);
  }
  print_line(text + std::to_string(report->best_step) + " of " + std::to_string(report->steps));
  print_line("written to " + to_utf8(training.output) + "; log and loss.svg in " + to_utf8(training.folder));
  if (!report->finished) print_line("stopped; the same command goes on from here");
  return {};
}

void add_rewriter(CLI::App& group, Session& session) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command =
      add_command(group, "rewriter", "Train the layers that edit a question by its conversation, or that write anew",
                  "attune train rewriter --recipe recipe.json --data ../shared/data --run rewriter", options->common);
  command->add_option("--recipe", options->recipe, "file that says what is trained, on what and how")->required();
  command
      ->add_option("--architecture", options->architecture,
                   "instead of the recipe's: edits, or word by word with an rnn and one fixed context, an rnn with "
                   "attention, a transformer")
      ->check(CLI::IsMember({"edits", "rnn", "rnn-attention", "transformer"}));
  command->add_option("--data", options->data, "folder that the recipe's paths start from");
  command->add_option("--run", options->run, "folder of the run: checkpoint, log, loss curve")->capture_default_str();
  command->add_option("--out", options->output, "file for the weights (default: model.safetensors in --run)");
  command->add_option("--steps", options->steps, "stop after so many; the same command goes on");
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--threads", options->common.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  on_run(command, session, [options, &session] { return run_rewriter(*options, session); });
}

struct GateOptions {
  CommonOptions common;
  train::GateTraining training;
};

Status run_gate(GateOptions& options, Session& session) {
  train::GateTraining& training = options.training;
  training.models = options.common.models;
  training.threads = options.common.threads;
  const auto tell = [](std::string_view what) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
  };
  const auto report = train::train_gate(training, tell, session.stop);
  if (!report) return report.error();
  if (options.common.json) {
    nlohmann::ordered_json settings;
    for (std::size_t i = 0; i < kGateSettings.size(); ++i) settings[kGateSettings[i].name] = report->settings[i];
    print_line(nlohmann::ordered_json({{"queries", report->queries},
                                       {"settings", settings},
                                       {"gate", report->gate},
                                       {"helped", report->helped},
                                       {"hurt", report->hurt},
                                       {"file", to_utf8(training.output)}})
                   .dump(2));
    return {};
  }
  char number[32];
  print_line(std::to_string(report->queries) + " questions, mean nDCG@10 of each setting:");
  for (std::size_t i = 0; i < kGateSettings.size(); ++i) {
    std::snprintf(number, sizeof number, "  %.4f  ", report->settings[i]);
    print_line(number + std::string(kGateSettings[i].name));
  }
  std::snprintf(number, sizeof number, "  %.4f  ", report->gate);
  print_line(number + std::string("the gate, on conversations that it had not seen; helped ") +
             std::to_string(report->helped) + ", hurt " + std::to_string(report->hurt));
  print_line("written to " + to_utf8(training.output));
  return {};
}

void add_gate(CLI::App& group, Session& session) {
  auto options = std::make_shared<GateOptions>();
  CLI::App* command =
      add_command(group, "gate", "Train what decides how much a conversation counts when its question is searched",
                  "attune train gate conversations/ --out models/rewriter/gate.json", options->common);
  command->add_option("DATASET", options->training.datasets, "folders in the BEIR layout, with conversations.jsonl")
      ->required();
  command->add_option("--out", options->training.output, "file for the gate")->required();
  command->add_option("--examples", options->training.examples, "also write what it learnt from, as JSON lines");
  command->add_option("--cache", options->training.cache, "folder for indexed data sets");
  command
      ->add_option("--hurt-cost", options->training.fit.hurt_cost,
                   "how many times what is lost against the unchanged question counts")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--threads", options->common.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  on_run(command, session, [options, &session] { return run_gate(*options, session); });
}

}  // namespace

void add_train_command(CLI::App& app, Session& session) {
  CLI::App* group = app.add_subcommand("train", "Train models on questions and their answers");
  group->require_subcommand(1);
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = add_command(*group, "reranker", "Train the layers that read a question and a passage together",
                                  "attune train reranker --recipe models/reranker/recipe.json --data ../shared/data "
                                  "--from-index ~/.local/share/attune/attune.db",
                                  options->common);
  command->add_option("FILE", options->files,
                      "JSON lines {\"query\", \"positives\", \"negatives\"?, \"graded\"?} to train on as well");
  command->add_option("--recipe", options->recipe, "file that says what is trained, on what and how");
  command->add_option("--from-index", options->databases, "database whose documents are trained on as well");
  command->add_option("--data", options->data, "folder that the recipe's paths start from");
  command->add_option("--run", options->run, "folder of the run: checkpoint, log, loss curve")->capture_default_str();
  command->add_option("--out", options->output, "file for the weights (default: model.safetensors in --run)");
  command->add_option("--steps", options->steps, "instead of the recipe's number of steps");
  command->add_option("--keep-scores", options->keep_scores,
                      "let the recipe's teachers judge, write their scores to this file, and stop");
  command->add_flag("--smoke", options->smoke, "a try of a minute with a few groups of each source");
  command->add_flag("--dry-run", options->dry_run, "tell time and memory, and do nothing");
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--threads", options->common.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  on_run(command, session, [options, &session] { return run_reranker(*options, session); });
  add_rewriter(*group, session);
  add_gate(*group, session);
}

}  // namespace attune::cli
