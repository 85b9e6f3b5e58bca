// attune eval rewrite: rewritten questions against those that people wrote.
#include <array>
#include <cstdio>

#include "attune/eval/rewriting.hpp"
#include "attune/pipeline.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

struct EvalRewriteOptions {
  CommonOptions common;
  RewriteEvalOptions eval;
  std::filesystem::path file;
  std::vector<std::string> systems;
  std::vector<std::filesystem::path> sequences;
  std::vector<std::filesystem::path> predictions;
  bool no_probes = false;
};

struct Column {
  const char* heading;
  const char* measure;
};
constexpr std::array<Column, 8> kColumns = {{{"exact", "exact_match"},
                                             {"BLEU-4", "bleu4"},
                                             {"ROUGE-L", "rouge_l"},
                                             {"F1", "rewriting_f1"},
                                             {"copied", "copy_accuracy"},
                                             {"alone", "unchanged_accuracy"},
                                             {"fed back", "fed_back_unchanged"},
                                             {"stranger", "stranger_unchanged"}}};

// `format` takes one number.
std::string number(const char* format, double value) {
  std::array<char, 64> cell;
  std::snprintf(cell.data(), cell.size(), format, value);
  return cell.data();
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

std::string name_cell(std::string name) {
  name.resize(std::max<std::size_t>(name.size(), 16), ' ');
  return name;
}

void print_system(const RewriteEvalResult& result) {
  std::string line = name_cell(result.system);
  for (const Column& column : kColumns) {
    const auto measure = result.metrics.find(column.measure);
    line += padded(measure == result.metrics.end() ? "-" : number("%.4f", measure->second.value), 10);
  }
  line += padded(result.latency_ms ? number("%.2f", result.latency_ms->p50) : "-", 10);
  print_line(line);
  for (const std::string& note : result.notes) print_line("  note: " + note);
}

void print_differences(const RewriteEvalResult& result, const std::string& first) {
  print_line(result.system + " against " + first + ":");
  for (const Column& column : kColumns) {
    const auto difference = result.differences.find(column.measure);
    if (difference == result.differences.end()) continue;
    std::string line = "  " + name_cell(column.heading) + number("%+.4f", difference->second.value);
    if (const auto& interval = difference->second.interval) {
      line += "  [" + number("%+.4f", interval->low) + ", " + number("%+.4f", interval->high) + "]";
    }
    print_line(line);
  }
}

// One line for each system and length: exact match, BLEU-4 and its interval.
void print_length(const RewriteLengthResult& length) {
  print_line("length " + std::to_string(length.low) + " to " + std::to_string(length.high) + ", " +
             std::to_string(length.rows) + " rows");
  for (const RewriteEvalResult& result : length.systems) {
    std::string line = "  " + name_cell(result.system);
    for (const Column& column : {kColumns[0], kColumns[1]}) {
      const auto measure = result.metrics.find(column.measure);
      if (measure == result.metrics.end()) continue;
      line += std::string("  ") + column.heading + number(" %.4f", measure->second.value);
      if (const auto& interval = measure->second.interval) {
        line += " [" + number("%.4f", interval->low) + ", " + number("%.4f", interval->high) + "]";
      }
    }
    print_line(line);
  }
}

void print_evaluation(const RewriteEvaluation& evaluation) {
  std::string heading = name_cell(std::to_string(evaluation.rows) + " rows");
  for (const Column& column : kColumns) heading += padded(column.heading, 10);
  print_line(heading + padded("p50 ms", 10));
  for (const RewriteEvalResult& result : evaluation.systems) print_system(result);
  for (std::size_t i = 1; i < evaluation.systems.size(); ++i) {
    print_differences(evaluation.systems[i], evaluation.systems.front().system);
  }
  for (const RewriteLengthResult& length : evaluation.lengths) print_length(length);
}

// Those asked for, in this order: systems that run, then what others wrote; raw where nothing is asked for.
Result<std::vector<NamedRewriteSystem>> chosen_systems(const EvalRewriteOptions& options) {
  std::vector<std::string> names = options.systems;
  if (names.empty() && options.sequences.empty() && options.predictions.empty()) names.emplace_back("raw");
  const std::filesystem::path models = options.common.models.empty() ? default_models() : options.common.models;
  std::vector<NamedRewriteSystem> systems;
  for (const std::string& name : names) {
    auto system = name == "neural" ? open_neural_system(models, options.common.threads) : find_rewrite_system(name);
    if (!system) return system.error();
    systems.push_back(*std::move(system));
  }
  for (const std::filesystem::path& file : options.sequences) {
    auto system = open_sequence_system(file, models, options.common.threads);
    if (!system) return system.error();
    systems.push_back(*std::move(system));
  }
  for (const std::filesystem::path& file : options.predictions) {
    auto system = load_rewrite_predictions(file);
    if (!system) return system.error();
    systems.push_back(*std::move(system));
  }
  return systems;
}

void show_rows(std::size_t rows) {
  if (rows % 64 == 0) std::fprintf(stderr, "\r%zu rows", rows);
}

Status eval_rewrite(EvalRewriteOptions& options, Session& session) {
  const auto systems = chosen_systems(options);
  if (!systems) return systems.error();
  options.eval.probe = !options.no_probes;
  const bool shows = stderr_is_terminal() && !options.common.json;
  const auto evaluation =
      evaluate_rewriting(options.file, *systems, options.eval, shows ? show_rows : RewriteProgressSink(), session.stop);
  if (shows) std::fprintf(stderr, "\r\033[K");
  if (!evaluation) return evaluation.error();
  if (options.common.json) {
    print_line(rewriting_to_json(*evaluation, 2));
  } else {
    print_evaluation(*evaluation);
  }
  return {};
}

}  // namespace

void add_eval_rewrite(CLI::App& eval, Session& session) {
  const auto options = std::make_shared<EvalRewriteOptions>();
  CLI::App* command =
      add_command(eval, "rewrite", "Compare rewritten questions with those that people wrote",
                  "attune eval rewrite zh-dialogue-dev.jsonl.gz --system raw,concatenate --predictions other.jsonl",
                  options->common);
  command->add_option("FILE", options->file, "JSON lines {id, lang, history, query, rewrite}, also as .gz")->required();
  command
      ->add_option("--system", options->systems,
                   "raw, concatenate or neural; several are compared with the first [raw]")
      ->delimiter(',');
  command->add_option("--sequence", options->sequences, "files of models that write word by word");
  command->add_option("--predictions", options->predictions,
                      "rewrites by other systems: JSON lines {id, rewrite}, or .tsv with both columns");
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--threads", options->common.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  command->add_option("--resamples", options->eval.resamples, "of the rows, for 95 % intervals; 0 for none")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  command->add_option("--seed", options->eval.seed, "of the resampling")->capture_default_str();
  command
      ->add_option("--by-length", options->eval.lengths,
                   "also apart by the length of a row, in words or characters: up to each of these, and longer")
      ->delimiter(',');
  command->add_flag("--no-probes", options->no_probes,
                    "do not also put complete questions, which takes two more calls a row");
  on_run(command, session, [options, &session] { return eval_rewrite(*options, session); });
}

}  // namespace attune::cli
