// attune eval retrieval|rerank: the field's measures on a data set, or on someone else's run.
#include <algorithm>
#include <cstdio>

#include "attune/eval.hpp"

#include "cli/command.hpp"
#include "cli/progress_bar.hpp"

namespace attune::cli {
namespace {

struct EvalCommandOptions {
  CommonOptions common;
  EvalOptions eval;
  std::filesystem::path dataset;
  std::filesystem::path qrels;
  std::filesystem::path run;
  std::filesystem::path run_out;
  std::string split = "test";
  std::vector<std::string> configs = {"default"};
  std::vector<std::string> metrics = {"nDCG@10", "R@100", "RR@10"};
};

void print_results(const std::vector<EvalResult>& results, const EvalCommandOptions& options) {
  if (options.common.json) {
    print_line(eval_to_json(results, 2));
    return;
  }
  for (const EvalResult& result : results) {
    std::string line = result.config;
    line.resize(std::max<std::size_t>(line.size() + 2, 16), ' ');
    char cell[96];
    for (const std::string& metric : options.metrics) {
      const auto value = result.metrics.find(metric);
      if (value == result.metrics.end()) continue;
      std::snprintf(cell, sizeof cell, "%s %.4f  ", metric.c_str(), value->second);
      line += cell;
    }
    if (const auto error = result.metrics.find("ECE"); error != result.metrics.end()) {
      std::snprintf(cell, sizeof cell, "ECE %.4f  ", error->second);
      line += cell;
    }
    std::snprintf(cell, sizeof cell, "p50 %.1f ms, p95 %.1f ms", result.latency_ms.p50, result.latency_ms.p95);
    print_line(line + cell);
    for (const std::string& note : result.notes) print_line("  note: " + note);
  }
}

// Writes a result's run; with several results the configuration's name goes in front of the file's extension.
Status save_result(const EvalResult& result, const EvalCommandOptions& options) {
  if (options.run_out.empty()) return {};
  std::filesystem::path file = options.run_out;
  if (options.configs.size() > 1) {
    file.replace_filename(file.stem().string() + "." + result.config + file.extension().string());
  }
  return save_run(file, result.run, result.config);
}

// The judgements of --qrels where given, else the data set's own.
Result<Dataset> dataset_of(const EvalCommandOptions& options) {
  if (options.dataset.empty()) return Error{ErrorKind::bad_input, "name a data set, or both --qrels and --run"};
  auto dataset = load_dataset(options.dataset, options.split);
  if (!dataset || options.qrels.empty()) return dataset;
  auto qrels = load_qrels(options.qrels);
  if (!qrels) return qrels.error();
  dataset->qrels = *std::move(qrels);
  return dataset;
}

Result<Qrels> qrels_of_dataset(const EvalCommandOptions& options) {
  const auto dataset = dataset_of(options);
  if (!dataset) return dataset.error();
  return dataset->qrels;
}

// Someone else's run against judgements: nothing is searched.
Result<EvalResult> measure_run(const EvalCommandOptions& options) {
  auto qrels = options.qrels.empty() ? qrels_of_dataset(options) : load_qrels(options.qrels);
  if (!qrels) return qrels.error();
  auto run = load_run(options.run);
  if (!run) return run.error();
  auto metrics = evaluate(*qrels, *run, options.metrics);
  if (!metrics) return metrics.error();
  EvalResult result;
  result.config = options.run.filename().string();
  result.run = *std::move(run);
  result.metrics = *std::move(metrics);
  return result;
}

Status eval_retrieval(const EvalCommandOptions& options, Session& session) {
  if (!options.run.empty()) {
    const auto result = measure_run(options);
    if (result) print_results({*result}, options);
    return result ? Status() : Status(result.error());
  }
  const auto dataset = dataset_of(options);
  if (!dataset) return dataset.error();
  bool with_vectors = false;
  for (const std::string& config : options.configs) {
    const auto needed = config_needs_vectors(config);
    if (!needed) return needed.error();
    with_vectors = with_vectors || *needed;
  }
  ProgressBar bar(stderr_is_terminal() && !options.common.json);
  const auto progress = [&](const IngestProgress& state) { bar.show(state); };
  const auto workspace = build_collection(*dataset, options.eval, with_vectors, progress, session.stop);
  bar.clear();
  if (!workspace) return workspace.error();
  std::vector<EvalResult> results;
  for (const std::string& config : options.configs) {
    auto result = run_retrieval(**workspace, *dataset, config, options.metrics, options.eval, session.stop);
    if (!result) return result.error().while_doing(config);
    if (const Status saved = save_result(*result, options); !saved) return saved.error();
    results.push_back(*std::move(result));
  }
  print_results(results, options);
  return {};
}

Status eval_rerank(const EvalCommandOptions& options, Session& session) {
  const auto dataset = dataset_of(options);
  if (!dataset) return dataset.error();
  const auto run = load_run(options.run);
  if (!run) return run.error();
  ProgressBar bar(stderr_is_terminal() && !options.common.json);
  const auto progress = [&](const IngestProgress& state) { bar.show(state); };
  const auto result = run_rerank(*dataset, *run, options.metrics, options.eval, progress, session.stop);
  bar.clear();
  if (!result) return result.error();
  if (const Status saved = save_result(*result, options); !saved) return saved.error();
  print_results({*result}, options);
  return {};
}

CLI::App* add_eval_part(CLI::App& eval, const std::string& name, const std::string& description,
                        const std::string& example, EvalCommandOptions& options) {
  CLI::App* command = add_command(eval, name, description, example, options.common);
  command->add_option("DATASET", options.dataset, "folder in the BEIR layout: corpus, queries, qrels");
  command->add_option("--qrels", options.qrels, "judgements in another file (TREC or BEIR)");
  command->add_option("--split", options.split, "which qrels of the data set")->capture_default_str();
  command->add_option("--metrics", options.metrics, "measures by their ir_measures names")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--run-out", options.run_out, "also write the ranking as a TREC run");
  command->add_option("--cache", options.eval.cache, "folder for indexed data sets");
  command->add_option("--models", options.eval.models, "folder with the models");
  command->add_option("--threads", options.eval.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  add_precision_option(*command, options.eval.precision);
  command->add_option("--depth", options.eval.depth, "candidates for each leg, or documents of a run to reorder")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  return command;
}

void add_eval_retrieval(CLI::App& eval, Session& session) {
  auto options = std::make_shared<EvalCommandOptions>();
  CLI::App* command =
      add_eval_part(eval, "retrieval", "Search with every query of a data set, and measure",
                    "attune eval retrieval scifact --config bm25,hybrid --metrics nDCG@10,R@100", *options);
  command
      ->add_option("--config", options->configs,
                   "bm25, dense, hybrid, hybrid+rewrite, hybrid+rerank, hybrid+rewrite+rerank or default")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--run", options->run, "measure this TREC run instead of searching");
  command->add_option("--first-stage", options->eval.first_stage, "share of retrieval's score where hits are reranked")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--rerank-depth", options->eval.rerank_depth, "passages that are reranked at most")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_flag("--feedback", options->eval.feedback,
                    "where questions are rewritten, also search with words of the passages found first (RM3)");
  on_run(command, session, [options, &session] { return eval_retrieval(*options, session); });
}

void add_eval_rerank(CLI::App& eval, Session& session) {
  auto options = std::make_shared<EvalCommandOptions>();
  CLI::App* command = add_eval_part(eval, "rerank", "Order the documents of a run anew, and measure",
                                    "attune eval rerank trec-dl19-pool --run bm25.trec.gz --metrics nDCG@10", *options);
  command->add_option("--run", options->run, "the TREC run to reorder")->required();
  on_run(command, session, [options, &session] { return eval_rerank(*options, session); });
}

}  // namespace

void add_eval_command(CLI::App& app, Session& session) {
  CLI::App* eval = app.add_subcommand("eval", "Measure retrieval, reranking and rewriting on judged queries");
  eval->footer("Example:\n  attune eval retrieval scifact --config bm25,hybrid");
  eval->require_subcommand(1);
  add_eval_retrieval(*eval, session);
  add_eval_rerank(*eval, session);
  add_eval_rewrite(*eval, session);
}

}  // namespace attune::cli
