#include "retrieve/legs.hpp"

#include <algorithm>
#include <future>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "retrieve/stopwatch.hpp"

namespace attune {
namespace {

// What came of the legs of one kind: lists, a failure, or neither with a note why they did not run.
struct LegOutcome {
  std::vector<LegResult> lists;
  std::optional<Error> failure;
  std::string note;
  std::map<std::string, double> timings_ms;
};

// One way to ask, with the weight of its leg.
struct Asked {
  std::string_view text;
  std::string leg;
  float weight = 0;
};

// The question and its variants, as far as `weight` (a member of QueryVariant) gives them a leg of this kind.
std::vector<Asked> asked_of(const Query& query, std::string_view leg, float share, float QueryVariant::*weight) {
  std::vector<Asked> asked{{query.text, std::string(leg), share}};
  for (const QueryVariant& variant : query.variants) {
    if (!(variant.*weight > 0)) continue;
    asked.push_back({variant.text, std::string(leg) + ":" + variant.name, share * (variant.*weight)});
  }
  return asked;
}

LegOutcome words_leg(const RetrieveSources& sources, const Query& query, const RetrieveOptions& options,
                     const ChunkSet* allowed, std::size_t depth) {
  LegOutcome outcome;
  const Stopwatch watch;
  for (const Asked& asked : asked_of(query, "bm25", 1.0F - options.dense_weight, &QueryVariant::words)) {
    auto found =
        sources.store->search_words(asked.text, {.k = depth, .k1 = options.k1, .b = options.b, .allowed = allowed});
    if (!found) {
      outcome.failure = found.error().while_doing("searching words");
      break;
    }
    outcome.lists.push_back({asked.leg, asked.weight, std::move(*found)});
  }
  outcome.timings_ms["words"] = watch.milliseconds();
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
  const auto asked = asked_of(query, "dense", options.dense_weight, &QueryVariant::dense);
  std::vector<std::string_view> texts;
  for (const Asked& one : asked) texts.push_back(one.text);
  const Stopwatch embed_watch;
  const auto embedded = sources.embedder->embed(texts, EmbedRole::query, std::move(stop));
  outcome.timings_ms["embed_query"] = embed_watch.milliseconds();
  if (!embedded) {
    outcome.failure = embedded.error().while_doing("reading the question");
    return outcome;
  }
  if (embedded->truncated > 0) outcome.note = "the question is longer than the embedder reads: its end was not seen";
  const Stopwatch search_watch;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto found = sources.vectors->search(embedded->row(i), depth, allowed);
    if (!found) {
      outcome.failure = found.error().while_doing("searching vectors");
      break;
    }
    outcome.lists.push_back({asked[i].leg, asked[i].weight, std::move(*found)});
  }
  outcome.timings_ms["dense"] = search_watch.milliseconds();
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

// While vectors are still being made, the dense legs have not seen every chunk that the words found.
void mark_unseen(const VectorIndex& vectors, std::vector<LegResult>& lists) {
  std::set<std::int64_t> by_words;
  for (const LegResult& list : lists) {
    if (!list.leg.starts_with("bm25")) continue;
    for (const ScoredChunk& found : list.chunks) by_words.insert(found.chunk_id);
  }
  if (by_words.empty()) return;
  const ChunkSet unseen = vectors.without_vector(std::vector<std::int64_t>(by_words.begin(), by_words.end()));
  for (LegResult& list : lists) {
    if (!list.leg.starts_with("bm25")) list.unseen = unseen;
  }
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
    if (!outcome.failure) std::ranges::move(outcome.lists, std::back_inserter(answer.lists));
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
