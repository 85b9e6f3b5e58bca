// Rewriting measured: systems that turn a question with its conversation into one that stands alone, against what a
// person wrote for the same question.
//
// Beside retrieval in this room, called by cli. A file of rows is read line by line; only counts are kept of a row. Not
// thread-safe by itself: one evaluation at a time.
//
// How texts are compared. Everything is in lower case (Unicode, no language's own rules); white space never counts.
//   languages without spaces (zh, ja, th, lo, km, my): a token and a word are both one code point.
//   others: tokens are those of mteval-v13a (ASCII punctuation is split off, a full stop or comma within a number and
//   an apostrophe are not), words are runs of letters and digits of any script.
// Nothing else is folded: "？" is not "?". So each number can be had elsewhere: BLEU-4 is sacrebleu's with the
// signature case:lc|tok:13a (tok:char)|smooth:exp, ROUGE-L is rouge-score's rougeL for what is written in ASCII (that
// package drops other letters; it takes a tokenizer that does not).
//
// Measures, all 0 … 1. One that has nothing to measure (a file without complete queries) is absent:
//   exact_match          rows whose tokens are those of the human rewrite
//   bleu4                over the corpus: clipped n-grams of tokens, n to 4, brevity penalty
//   rouge_l              mean over rows of the F1 of the longest common subsequence of words
//   rewriting_recall     of the words that the person restored (of the human rewrite, not in the query), the share that
//   rewriting_precision  the rewrite has; of the words of the rewrite that are not in the query, the share that is
//   among rewriting_f1         those; over all rows' words together, each as often as it is written copy_accuracy
//   rewriting_recall over the restored words that stand in the history, so that copying gives them unchanged_accuracy
//   rows whose query is complete (tokens as in the human rewrite), the share left as it is fed_back_unchanged   human
//   rewrites put as queries with their own history, the share left as it is stranger_unchanged   the same with the
//   history of the conversation before, where it shares no turn with theirs
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/eval.hpp"

namespace attune {

// One question in its conversation. Turns alternate: the last of `history` is the answer before the query, the one
// before it the user's, and so on.
struct RewriteRow {
  std::string id;
  std::string language;  // BCP 47 ("zh"); detected where the file does not say
  std::vector<std::string> history;
  std::string query;
  std::string rewrite;  // what a person made of it; never empty
};

inline constexpr std::size_t kMaxRewriteRows = 200'000;             // in one file
inline constexpr std::size_t kMaxRewriteBytes = 8U << 10U;          // of a query or a human rewrite
inline constexpr std::size_t kMaxRewriteHistoryBytes = 64U << 10U;  // of a row's turns together
inline constexpr std::size_t kMaxPredictionBytes = 128U << 10U;     // of a system's rewrite

// Calls `take` with each row of JSON lines {"id","lang","history":[…],"query","rewrite"}, plain or gzipped; "lang" and
// "history" may be absent. Fails with not_found, io, corrupt, bad_input (a line that is no such row, an id that came
// before) or too_large (a bound above), naming file and line; and with what `take` fails with.
Status for_each_rewrite_row(const std::filesystem::path& file, const std::function<Status(const RewriteRow&)>& take);

// Rewrites one row's query. What it is given has no `rewrite`: a system cannot see the answer. A failure makes the row
// count as an empty rewrite, except that cancelled ends the evaluation.
using RewriteSystem = std::function<Result<std::string>(const RewriteRow&)>;

struct NamedRewriteSystem {
  std::string name;
  RewriteSystem rewrite;
  std::optional<std::size_t> predictions;  // how many it keeps; absent for a system that runs (and is timed and probed)
};

// "raw": the query as it is. "concatenate": the user's turns and the query, oldest first, with a space between them
// where the language has spaces. Fails with bad_input for another name.
Result<NamedRewriteSystem> find_rewrite_system(std::string_view name);

// "neural": the neural rewriter in `models` (embedder/ and rewriter/model.safetensors). Fails as NeuralRewriter::open.
Result<NamedRewriteSystem> open_neural_system(const std::filesystem::path& models, int threads = 0);

// A sequence model's file (attune/rewrite/sequence.hpp), named after its folder and itself; `models` has the embedder
// below it. Fails as SequenceWriter::open.
Result<NamedRewriteSystem> open_sequence_system(const std::filesystem::path& file, const std::filesystem::path& models,
                                                int threads = 0);

// Rewrites that another system wrote: JSON lines {"id","rewrite"} (other fields are ignored), or for a name in .tsv two
// columns, id and rewrite; plain or gzipped. Named after the file. A row that it lacks fails with not_found. Fails like
// for_each_rewrite_row, and with too_large over 1 GiB of text.
Result<NamedRewriteSystem> load_rewrite_predictions(const std::filesystem::path& file);

struct RewriteEvalOptions {
  std::size_t resamples = 1'000;  // of the rows, for the intervals; 0 for none
  std::uint64_t seed = 1;         // of the resampling: the same seed gives the same intervals
  bool probe = true;              // also put complete questions (fed_back, stranger): two more calls a row
  // Rows are measured apart by their length as well: up to the first of these, up to the second, …, longer than the
  // last; ascending. Empty: only together. The length of a row is that of its turns and query in text::edit_units.
  std::vector<std::size_t> lengths = {};
};

struct Interval {
  double low = 0;
  double high = 0;
};

struct RewriteMeasure {
  double value = 0;
  std::optional<Interval> interval;  // 95 % of the resamples; all systems are measured on the same ones
};

struct RewriteEvalResult {
  std::string system;
  std::map<std::string, RewriteMeasure> metrics;      // by the names above
  std::map<std::string, RewriteMeasure> differences;  // to the first system; empty for that one
  std::optional<Latency> latency_ms;                  // of one query; absent for predictions
  std::size_t failed = 0;                             // rows without a rewrite
  std::vector<std::string> notes;
};

struct RewriteLengthResult {
  std::size_t low = 0;   // shortest and …
  std::size_t high = 0;  // … longest row that is here
  std::size_t rows = 0;
  std::vector<RewriteEvalResult> systems;  // without latency, failures and notes
};

struct RewriteEvaluation {
  std::size_t rows = 0;
  std::vector<RewriteEvalResult> systems;    // as they were given
  std::vector<RewriteLengthResult> lengths;  // those that have rows, shortest first
};

// Called with the number of rows that are done.
using RewriteProgressSink = std::function<void(std::size_t rows)>;

// Every row of `file` through every system. Fails like for_each_rewrite_row, with bad_input for no rows or no systems,
// and with cancelled.
Result<RewriteEvaluation> evaluate_rewriting(const std::filesystem::path& file,
                                             std::span<const NamedRewriteSystem> systems,
                                             const RewriteEvalOptions& options = {},
                                             const RewriteProgressSink& progress = {}, std::stop_token stop = {});

// In the shape of schemas/rewriting.evaluation.schema.json: the first system's measures, the others under "compared".
std::string rewriting_to_json(const RewriteEvaluation& evaluation, int indent = -1);

}  // namespace attune
