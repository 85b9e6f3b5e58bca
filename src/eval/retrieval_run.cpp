// A data set's queries through one configuration of retrieval.
#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "attune/eval.hpp"

#include "eval/latencies.hpp"

namespace attune {
namespace {

struct Config {
  std::string_view name;
  bool words;
  bool dense;
  bool rewrite;
  bool rerank;
};
constexpr Config kConfigs[] = {
    {"bm25", true, false, false, false},        {"dense", false, true, false, false},
    {"hybrid", true, true, false, false},       {"hybrid+rewrite", true, true, true, false},
    {"hybrid+rerank", true, true, false, true}, {"hybrid+rewrite+rerank", true, true, true, true},
    {"default", true, true, true, true}};

Result<Config> find_config(std::string_view name) {
  std::string known;
  for (const Config& config : kConfigs) {
    if (config.name == name) return config;
    known += (known.empty() ? "" : ", ") + std::string(config.name);
  }
  return Error{ErrorKind::bad_input, "'" + std::string(name) + "' is no configuration; there are " + known};
}

// As the query is, with its history where the data set has one.
Result<Rewriting> rewriting_of(const Workspace& workspace, const Dataset& dataset, const DatasetText& query,
                               bool rewrites, const EvalOptions& options) {
  if (!rewrites) return Rewriting{.rewrites = {}, .question = query.text};
  const auto history = dataset.histories.find(query.id);
  return workspace.rewriter().rewrite(
      {history == dataset.histories.end() ? std::vector<std::string>() : history->second, query.text},
      {.neural = {}, .force = false, .feedback = options.feedback, .share = options.share});
}

// A document scores as its best chunk. Documents carry their data set's id as path.
std::vector<RankedDocument> best_chunks(const std::vector<Hit>& hits) {
  std::vector<RankedDocument> documents;
  std::set<std::string_view> seen;
  for (const Hit& hit : hits) {
    if (seen.insert(hit.path).second) documents.push_back({hit.path, hit.score});
  }
  return documents;
}

}  // namespace

Result<bool> config_needs_vectors(std::string_view config) {
  const auto found = find_config(config);
  if (!found) return found.error();
  return found->dense;
}

Result<EvalResult> run_retrieval(const Workspace& workspace, const Dataset& dataset, std::string_view config,
                                 std::span<const std::string> metrics, const EvalOptions& options,
                                 std::stop_token stop) {
  const auto found = find_config(config);
  if (!found) return found.error();
  const RetrieveSources sources{&workspace.store(), workspace.vectors(), workspace.embedder()};
  const RetrieveOptions retrieving{
      .words = found->words, .dense = found->dense, .depth = options.depth, .near_duplicate = 0, .snippet_bytes = 0};
  const Reranker* const reranker = found->rerank ? workspace.reranker() : nullptr;
  RerankOptions reranking{.keep = options.depth, .depth = options.rerank_depth, .first_stage = options.first_stage};
  EvalResult result;
  result.config = config;
  if (found->rerank && reranker == nullptr) {
    result.notes.emplace_back("no cross-encoder is loaded: hits stand in the order of retrieval");
  }
  std::vector<double> times;
  std::set<std::string> notes;
  for (const DatasetText& query : dataset.queries) {
    const auto start = std::chrono::steady_clock::now();
    const auto rewriting = rewriting_of(workspace, dataset, query, found->rewrite, options);
    if (!rewriting) return rewriting.error().while_doing("query '" + query.id + "'");
    auto retrieved = retrieve(sources, {query.text, options.depth, {}, variants_of(*rewriting)}, retrieving, stop);
    if (retrieved && reranker != nullptr) {
      const auto depth = std::min(reranking.depth, retrieved->hits.size());
      const auto readings = readings_of(workspace, std::span(retrieved->hits).first(depth));
      if (!readings) return readings.error();
      reranking.readings = &*readings;
      auto reranked = reranker->rerank(rewriting->question, retrieved->hits, reranking);
      if (!reranked) return reranked.error().while_doing("query '" + query.id + "'");
      retrieved->hits = std::move(reranked->hits);
    }
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    if (!retrieved) return retrieved.error().while_doing("query '" + query.id + "'");
    notes.insert(retrieved->notes.begin(), retrieved->notes.end());
    result.run[query.id] = best_chunks(retrieved->hits);
  }
  auto measured = evaluate(dataset.qrels, result.run, metrics);
  if (!measured) return measured.error();
  result.metrics = std::move(*measured);
  result.latency_ms = summarise(std::move(times));
  result.notes.insert(result.notes.end(), notes.begin(), notes.end());
  return result;
}

}  // namespace attune
