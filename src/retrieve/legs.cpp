#include "retrieve/legs.hpp"

#include <algorithm>
#include <future>
#include <system_error>
#include <utility>

#include "retrieve/stopwatch.hpp"

namespace attune {
namespace {

// What came of one leg: a list, a failure, or neither with a note why it did not run.
struct LegOutcome {
  std::optional<LegResult> list;
  std::optional<Error> failure;
  std::string note;
  std::map<std::string, double> timings_ms;
};

LegOutcome words_leg(const RetrieveSources& sources, const Query& query, const RetrieveOptions& options,
                     const ChunkSet* allowed, std::size_t depth) {
  LegOutcome outcome;
  const Stopwatch watch;
  auto found =
      sources.store->search_words(query.text, {.k = depth, .k1 = options.k1, .b = options.b, .allowed = allowed});
  outcome.timings_ms["words"] = watch.milliseconds();
  if (!found) {
    outcome.failure = found.error().while_doing("searching words");
  } else {
    outcome.list = LegResult{"bm25", 1.0F - options.dense_weight, std::move(*found)};
  }
  return outcome;
}

// Why the dense leg cannot run, for a person; "" if it can.
std::string dense_obstacle(const RetrieveSources& sources) {
  if (sources.embedder == nullptr || sources.vectors == nullptr) return "no embedder is loaded: words only";
  if (sources.vectors->state().vectors == 0) return "no vectors yet: words only";
  return "";
}

LegOutcome dense_leg(const RetrieveSources& sources, const Query& query, const RetrieveOptions& options,
                     const ChunkSet* allowed, std::size_t depth, std::stop_token stop) {
  LegOutcome outcome;
  outcome.note = dense_obstacle(sources);
  if (!outcome.note.empty()) return outcome;
  const Stopwatch embed_watch;
  const std::string_view text = query.text;
  const auto embedded = sources.embedder->embed(std::span(&text, 1), EmbedRole::query, std::move(stop));
  outcome.timings_ms["embed_query"] = embed_watch.milliseconds();
  if (!embedded) {
    outcome.failure = embedded.error().while_doing("reading the question");
    return outcome;
  }
  if (embedded->truncated > 0) outcome.note = "the question is longer than the embedder reads: its end was not seen";
  const Stopwatch search_watch;
  auto found = sources.vectors->search(embedded->row(0), depth, allowed);
  outcome.timings_ms["dense"] = search_watch.milliseconds();
  if (!found) {
    outcome.failure = found.error().while_doing("searching vectors");
  } else {
    outcome.list = LegResult{"dense", options.dense_weight, std::move(*found)};
  }
  return outcome;
}

// The two legs at the same time; one after the other where the system grants no thread.
std::pair<LegOutcome, LegOutcome> run_both(const auto& words, const auto& dense) {
  std::future<LegOutcome> beside;
  try {
    beside = std::async(std::launch::async, dense);
  } catch (const std::system_error&) {
    beside = std::async(std::launch::deferred, dense);
  }
  LegOutcome first = words();
  return {std::move(first), beside.get()};
}

// While vectors are still being made, the dense leg has not seen every chunk that the words found.
void mark_unseen(const VectorIndex& vectors, std::vector<LegResult>& lists) {
  if (lists.size() < 2) return;
  std::vector<std::int64_t> ids;
  for (const ScoredChunk& found : lists.front().chunks) ids.push_back(found.chunk_id);
  lists.back().unseen = vectors.without_vector(ids);
}

}  // namespace

Result<LegsAnswer> run_legs(const RetrieveSources& sources, const Query& query, const RetrieveOptions& options,
                            const ChunkSet* allowed, std::stop_token stop) {
  const std::size_t depth = std::max(options.depth, query.top_k);
  const auto words = [&] { return words_leg(sources, query, options, allowed, depth); };
  const auto dense = [&] { return dense_leg(sources, query, options, allowed, depth, stop); };
  std::vector<LegOutcome> outcomes;
  if (options.words && options.dense) {
    auto [first, second] = run_both(words, dense);
    outcomes.push_back(std::move(first));
    outcomes.push_back(std::move(second));
  } else {
    outcomes.push_back(options.words ? words() : dense());
  }

  LegsAnswer answer;
  std::optional<Error> failure;
  for (LegOutcome& outcome : outcomes) {
    answer.timings_ms.merge(outcome.timings_ms);
    if (outcome.list) answer.lists.push_back(std::move(*outcome.list));
    if (!outcome.note.empty()) answer.notes.push_back(std::move(outcome.note));
    if (!outcome.failure) continue;
    if (outcome.failure->kind == ErrorKind::cancelled) return *outcome.failure;
    if (!failure) failure = outcome.failure;
    answer.notes.push_back("one leg failed and was left out: " + outcome.failure->text);
  }
  if (sources.vectors != nullptr) mark_unseen(*sources.vectors, answer.lists);
  if (!answer.lists.empty()) return answer;
  if (failure) return *failure;
  return Error{ErrorKind::unavailable, answer.notes.empty() ? "no leg ran" : "no leg ran: " + answer.notes.front()};
}

}  // namespace attune
