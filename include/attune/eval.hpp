// Eval: is it good, is it getting worse? Reads test collections (BEIR folders, TREC files), runs questions over them
// and measures the answers by the field's own measures, as ir_measures and trec_eval compute them.
//
// After pipeline, called by cli. A document scores as its best chunk; near-duplicate removal is off. Not thread-safe by
// itself: one evaluation at a time in one cache folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/pipeline.hpp"

namespace attune {

using Qrels = std::map<std::string, std::map<std::string, int>>;  // query id → document id → grade, 1 and up relevant

struct RankedDocument {
  std::string id;
  double score = 0;
};
using Run = std::map<std::string, std::vector<RankedDocument>>;  // query id → documents, in any order

struct DatasetText {
  std::string id;
  std::string title;  // "" for a query
  std::string text;
};

struct Dataset {
  std::string name;                  // the folder's
  std::vector<DatasetText> corpus;   // as in the file
  std::vector<DatasetText> queries;  // those with judgements, as in the file
  Qrels qrels;
  std::map<std::string, std::vector<std::string>> histories;  // of conversations.jsonl by query, oldest turn first
  std::string corpus_sha256;                                  // of all ids, titles and texts
};

// A folder in the BEIR layout: corpus.jsonl, queries.jsonl (each also as .gz) and qrels/<split>.tsv;
// conversations.jsonl
// (`id`, `history`) gives queries what was said before them. Fails with
// not_found or bad_input; the text names file and line.
Result<Dataset> load_dataset(const std::filesystem::path& folder, std::string_view split = "test");

// Judgements: three columns (BEIR, with or without the heading line) or four (TREC). May be gzipped. Fails as above.
Result<Qrels> load_qrels(const std::filesystem::path& file);
// A TREC run, six columns; the rank column is ignored. May be gzipped. Fails as above.
Result<Run> load_run(const std::filesystem::path& file);
// Writes a TREC run, best first. Fails with io.
Status save_run(const std::filesystem::path& file, const Run& run, std::string_view tag);

// Means over all queries of `qrels`; one that the run lacks counts 0. Measures by their ir_measures names: nDCG@k
// (linear gain), R@k, P@k, RR, RR@k (also as MRR, MRR@k), AP, AP@k, nDCG. Equal scores are ordered as trec_eval does:
// scores are single precision, ties by descending document id. Fails with bad_input for a name it does not know.
Result<std::map<std::string, double>> evaluate(const Qrels& qrels, const Run& run,
                                               std::span<const std::string> metrics);

// A probability of being relevant, and whether it was so.
struct Promise {
  float probability = 0;
  bool relevant = false;
  double weight = 1;
};
// Expected calibration error: over ten bins of equal width, the mean distance between the probability that was promised
// and the share that was relevant, each bin counting as often as it was promised. 0 for none.
double expected_calibration_error(std::span<const Promise> promises);

struct EvalOptions {
  std::filesystem::path cache;   // folder of built collections; empty: $XDG_CACHE_HOME/attune/eval
  std::filesystem::path models;  // as in WorkspaceOptions
  int threads = 0;
  nn::Precision precision = nn::Precision::i8;
  double first_stage = kFirstStage;  // where hits are reranked, as AskRequest::first_stage
  std::size_t depth = 100;           // chunks that each leg and each list hold, and documents of a run to reorder
  std::size_t rerank_depth = RerankOptions{}.depth;       // chunks that a search reranks
  bool feedback = false;                                  // as RewriteOptions::feedback, where questions are rewritten
  std::optional<ConversationShare> share = std::nullopt;  // as RewriteOptions::share, where questions are rewritten
};

// The data set's corpus as an indexed collection, one document a line, chunked like any other. Kept under a name made
// from the corpus, the embedder and the versions of chunker and segmenter, so a second call is quick; an interrupted
// one goes on. Embeds only if `with_vectors`. Fails with unavailable without an embedder: its tokens measure the
// chunks.
Result<std::unique_ptr<Workspace>> build_collection(const Dataset& dataset, const EvalOptions& options,
                                                    bool with_vectors, const IngestProgressSink& progress = {},
                                                    std::stop_token stop = {});

struct Latency {
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
};

struct EvalResult {
  std::string config;
  Run run;
  std::map<std::string, double> metrics;
  Latency latency_ms;  // of one query, without snippets
  std::vector<std::string> notes;
};

// Whether run_retrieval needs vectors for this configuration. Fails with unsupported for one that needs a model that is
// not there, with bad_input for a name that does not exist.
Result<bool> config_needs_vectors(std::string_view config);

// All queries through one configuration: bm25, dense, hybrid, hybrid+rewrite, hybrid+rerank, hybrid+rewrite+rerank or
// default (as search runs without being told: hybrid+rewrite+rerank).
Result<EvalResult> run_retrieval(const Workspace& workspace, const Dataset& dataset, std::string_view config,
                                 std::span<const std::string> metrics, const EvalOptions& options = {},
                                 std::stop_token stop = {});

// Scores the best options.depth documents of each query of `run` anew with the cross-encoder, or with the embedder's
// cosine where none is loaded (EvalResult::config says which). A calibrated one is also measured as "ECE", over all
// pairs, what nobody judged counting as not relevant.
Result<EvalResult> run_rerank(const Dataset& dataset, const Run& run, std::span<const std::string> metrics,
                              const EvalOptions& options = {}, const IngestProgressSink& progress = {},
                              std::stop_token stop = {});

// {"runs":[{"config","metrics":{…},"latency_ms":{"p50","p95","p99"},"notes":[…]}]}
std::string eval_to_json(std::span<const EvalResult> results, int indent = -1);

}  // namespace attune
