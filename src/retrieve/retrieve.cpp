// The flow of one retrieval: filters, legs, fusion, then hits without near-duplicates, each with its snippet.
#include "attune/retrieve.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "attune/text.hpp"

#include "retrieve/legs.hpp"
#include "retrieve/near_duplicates.hpp"
#include "retrieve/snippet.hpp"
#include "retrieve/stopwatch.hpp"

namespace attune {
namespace {

// Passages read at a time while hits are picked: near-duplicates may need more than top_k of them.
constexpr std::size_t kLeastRead = 16;

Hit to_hit(ChunkRecord record, FusedChunk fused) {
  Hit hit;
  hit.chunk_id = record.chunk.id;
  hit.document_id = record.document.id;
  hit.collection = std::move(record.document.collection);
  hit.path = std::move(record.document.path);
  hit.title = std::move(record.document.title);
  hit.sha256 = std::move(record.document.sha256);
  hit.format = std::move(record.document.format);
  hit.language = std::move(record.document.language);
  hit.text = std::move(record.chunk.text);
  hit.citation = {record.chunk.span, record.chunk.page, record.chunk.line, std::move(record.chunk.heading)};
  hit.score = fused.score;
  hit.parts = std::move(fused.parts);
  return hit;
}

// The first top_k of `fused` that are still in the store and no near-duplicates of better ones.
Status pick_hits(const RetrieveSources& sources, std::vector<FusedChunk> fused, std::size_t top_k,
                 const RetrieveOptions& options, Retrieved& retrieved) {
  NearDuplicates duplicates(sources.vectors, options.near_duplicate);
  std::size_t next = 0;
  while (retrieved.hits.size() < top_k && next < fused.size()) {
    const std::size_t count = std::min(std::max(top_k - retrieved.hits.size(), kLeastRead), fused.size() - next);
    std::vector<std::int64_t> ids;
    for (std::size_t i = next; i < next + count; ++i) ids.push_back(fused[i].chunk_id);
    auto records = sources.store->chunks(ids);
    if (!records) return records.error().while_doing("reading the passages");
    auto place = fused.begin() + static_cast<std::ptrdiff_t>(next);
    for (ChunkRecord& record : *records) {
      if (retrieved.hits.size() == top_k) break;
      while (place->chunk_id != record.chunk.id) ++place;  // those between are gone from the store
      if (duplicates.keep(record)) retrieved.hits.push_back(to_hit(std::move(record), std::move(*place)));
    }
    next += count;
  }
  if (const std::size_t count = duplicates.left_out(); count == 1) {
    retrieved.notes.emplace_back("1 near-duplicate of a better hit was left out");
  } else if (count > 1) {
    retrieved.notes.push_back(std::to_string(count) + " near-duplicates of better hits were left out");
  }
  return {};
}

// Marks what the question and the variants whose words were searched are about.
Status add_snippets(const Store& store, const Query& query, std::size_t most_bytes, std::vector<Hit>& hits) {
  if (hits.empty() || most_bytes == 0) return {};
  const auto languages = store.languages();
  if (!languages) return languages.error();
  std::set<std::string> wanted;
  const auto want = [&](std::string_view asked) {
    for (text::Term& term : text::query_terms(asked.substr(0, kMaxWordQueryBytes), *languages)) {
      if (wanted.size() == kMaxWordQueryTerms) break;
      wanted.insert(std::move(term.text));
    }
  };
  want(query.text);
  for (const QueryVariant& variant : query.variants) {
    if (variant.words >= 1) want(variant.text);
  }
  for (Hit& hit : hits) {
    Snippet snippet = make_snippet(hit.text, hit.language, wanted, most_bytes);
    hit.snippet = snippet.span;
    hit.highlights = std::move(snippet.highlights);
  }
  return {};
}

}  // namespace

Result<Retrieved> retrieve(const RetrieveSources& sources, const Query& query, const RetrieveOptions& options,
                           std::stop_token stop) {
  if (sources.store == nullptr) return Error{ErrorKind::internal, "retrieve needs a store"};
  if (!options.words && !options.dense) return Error{ErrorKind::bad_input, "neither words nor vectors may be searched"};
  Retrieved retrieved;
  if (query.top_k == 0) return retrieved;
  if (query.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    retrieved.notes.emplace_back("the question is empty");
    return retrieved;
  }

  ChunkSet passing;
  const ChunkSet* allowed = nullptr;
  if (!query.filters.empty()) {
    const Stopwatch watch;
    auto matching = sources.store->matching_chunks(query.filters);
    if (!matching) return matching.error().while_doing("applying the filters");
    passing = std::move(*matching);
    allowed = &passing;
    retrieved.timings_ms["filters"] = watch.milliseconds();
    if (passing.empty()) {
      retrieved.notes.emplace_back("no passage passes the filters");
      return retrieved;
    }
  }

  auto legs = run_legs(sources, query, options, allowed, stop);
  if (!legs) return legs.error();
  retrieved.notes = std::move(legs->notes);
  retrieved.timings_ms.merge(legs->timings_ms);
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "the search was stopped"};

  const Stopwatch picking;
  auto fused = fuse(legs->lists, options.fusion, options.rrf_k);
  if (const Status picked = pick_hits(sources, std::move(fused), query.top_k, options, retrieved); !picked) {
    return picked.error();
  }
  retrieved.timings_ms["pick"] = picking.milliseconds();
  const Stopwatch snippets;
  if (const Status added = add_snippets(*sources.store, query, options.snippet_bytes, retrieved.hits); !added) {
    return added.error().while_doing("making snippets");
  }
  retrieved.timings_ms["snippets"] = snippets.milliseconds();
  return retrieved;
}

}  // namespace attune
