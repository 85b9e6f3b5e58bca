// A given run's documents, scored anew by the model that reads query and text.
#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "attune/eval.hpp"

#include "eval/cache_folder.hpp"
#include "eval/latencies.hpp"

namespace attune {
namespace {

using TextsById = std::map<std::string, std::string, std::less<>>;

struct Candidates {
  std::vector<std::string> ids;
  std::vector<std::string_view> texts;
  std::size_t missing = 0;  // in the run but not in the corpus
};

Candidates best_candidates(std::vector<RankedDocument> documents, const TextsById& texts, std::size_t depth) {
  std::ranges::stable_sort(documents, std::greater<>(), &RankedDocument::score);
  Candidates candidates;
  for (const RankedDocument& document : documents) {
    if (candidates.ids.size() == depth) break;
    const auto text = texts.find(document.id);
    if (text == texts.end()) {
      ++candidates.missing;
      continue;
    }
    candidates.ids.push_back(document.id);
    candidates.texts.push_back(text->second);
  }
  return candidates;
}

}  // namespace

Result<EvalResult> run_rerank(const Dataset& dataset, const Run& run, std::span<const std::string> metrics,
                              const EvalOptions& options, const IngestProgressSink& progress, std::stop_token stop) {
  const auto folder = eval_cache_folder(options);
  if (!folder) return folder.error();
  WorkspaceOptions opening;
  opening.database = *folder / "no-documents.db";  // only the models are wanted
  opening.models = options.models;
  opening.threads = options.threads;
  opening.precision = options.precision;
  const auto workspace = Workspace::open(opening);
  if (!workspace) return workspace.error();

  TextsById texts;
  for (const DatasetText& entry : dataset.corpus) {
    texts[entry.id] = entry.title.empty() ? entry.text : entry.title + "\n" + entry.text;
  }
  EvalResult result;
  std::vector<double> times;
  std::size_t missing = 0;
  std::uint64_t done = 0;
  std::vector<Promise> promised;
  for (const DatasetText& query : dataset.queries) {
    if (progress) progress({IngestProgress::Phase::embedding, done, dataset.queries.size(), query.id});
    ++done;
    const auto listed = run.find(query.id);
    if (listed == run.end()) continue;
    const Candidates candidates = best_candidates(listed->second, texts, options.depth);
    missing += candidates.missing;
    const auto start = std::chrono::steady_clock::now();
    const auto scores = score_pairs(**workspace, query.text, candidates.texts, stop);
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    if (!scores) return scores.error().while_doing("query '" + query.id + "'");
    result.config = (scores->cross_encoder ? "cross-encoder " : "embedder cosine ") + scores->scorer;
    auto& ranked = result.run[query.id];
    const auto judged = dataset.qrels.find(query.id);
    for (std::size_t i = 0; i < candidates.ids.size(); ++i) {
      ranked.push_back({candidates.ids[i], scores->scores[i]});
      if (scores->relevance.empty() || judged == dataset.qrels.end()) continue;
      const auto grade = judged->second.find(candidates.ids[i]);
      promised.push_back({scores->relevance[i], grade != judged->second.end() && grade->second > 0});
    }
  }
  auto measured = evaluate(dataset.qrels, result.run, metrics);
  if (!measured) return measured.error();
  result.metrics = std::move(*measured);
  if (!promised.empty()) result.metrics["ECE"] = expected_calibration_error(promised);
  result.latency_ms = summarise(std::move(times));
  if (missing > 0) {
    result.notes.push_back(std::to_string(missing) + " documents of the run are not in the corpus and were left out");
  }
  return result;
}

}  // namespace attune
