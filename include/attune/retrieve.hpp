// Retrieve: which chunks may answer? Runs the legs (BM25 words, dense vectors), fuses their lists, removes near-
// duplicates, and fills in text, citation, snippet and highlights.
//
// After rewrite, before rerank. Thread-safe: calls keep no state.
#pragma once

#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/hit.hpp"
#include "attune/data/query.hpp"
#include "attune/embed.hpp"
#include "attune/index.hpp"
#include "attune/store.hpp"

namespace attune {

enum class FusionMethod {
  // Weighted mean of min-max-normalised scores: in each list the best chunk counts 1, the last 0, as one that is not in
  // the list. In a list of one chunk, or of equal scores, each counts 1. A list that is empty takes no weight.
  convex,
  // Weighted sum of 1 / (rrf_k + rank).
  rrf,
};

struct RetrieveOptions {
  bool words = true;        // the BM25 leg
  bool dense = true;        // the vector leg
  std::size_t depth = 100;  // candidates for each leg
  FusionMethod fusion = FusionMethod::convex;
  float dense_weight = 0.5F;  // of the vector leg; BM25 has 1 - dense_weight
  float rrf_k = 60;
  float k1 = 0.9F;  // BM25
  float b = 0.4F;   // BM25
  // A hit with the text of a better one, or, in the same language, with a vector whose cosine to the better one's is
  // above this, is left out and counted in a note; 0 turns it off.
  float near_duplicate = 0.95F;
  std::size_t snippet_bytes = 300;  // the stretch of a passage to show; 0: no snippets and highlights
};

struct Retrieved {
  std::vector<Hit> hits;                     // best first; ties by ascending chunk id
  std::vector<std::string> notes;            // what was left out or did not run, for a person
  std::map<std::string, double> timings_ms;  // per leg and step
};

// What the legs read. All must outlive the call; `vectors` and `embedder` may be null (no dense leg, with a note).
struct RetrieveSources {
  const Store* store = nullptr;
  const VectorIndex* vectors = nullptr;
  const Embedder* embedder = nullptr;
};

// The query.top_k best hits. A leg that fails or cannot run is a note when another leg answers, else the failure
// (unavailable where nothing failed). An empty question, or filters that nothing passes, give no hits and a note. Fails
// with bad_input when `options` turn both legs off, with cancelled, or like the store.
Result<Retrieved> retrieve(const RetrieveSources& sources, const Query& query, const RetrieveOptions& options = {},
                           std::stop_token stop = {});

// One leg's list with its weight, best first.
struct LegResult {
  std::string leg;
  float weight = 1;
  std::vector<ScoredChunk> chunks;
  // Chunks of other legs' lists that this leg could not have found, whatever they say (no vector yet), ascending.
  ChunkSet unseen = {};
};

struct FusedChunk {
  std::int64_t chunk_id = 0;
  float score = 0;
  std::vector<ScorePart> parts;  // one for each leg that found it; contributions add up to the score
};

// The union of the lists, best first, ties by ascending id. A leg that finds a chunk not worth its list adds nothing to
// it; for a chunk that the leg has not seen, the other legs speak in its place: their shares are scaled up.
std::vector<FusedChunk> fuse(std::span<const LegResult> legs, FusionMethod method, float rrf_k = 60);

}  // namespace attune
