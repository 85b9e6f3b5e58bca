// Hit: one passage that may answer, with its score, where the score came from, and a citation that can be checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attune/core/byte_span.hpp"

namespace attune {

// A chunk id with a leg's score, higher is better.
struct ScoredChunk {
  std::int64_t chunk_id = 0;
  float score = 0;
  friend bool operator==(const ScoredChunk&, const ScoredChunk&) = default;
};

// What one leg said about a hit. A leg that did not find the hit has no part in it.
struct ScorePart {
  std::string leg;         // "bm25", "dense", "rerank", …
  int rank = 0;            // 1-based place in the leg's own list
  float score = 0;         // the leg's own score
  float contribution = 0;  // what it added to Hit::score
};

// Enough to find the quoted words again in the source and to see whether it changed since.
struct Citation {
  ByteSpan span;        // in the document's extracted text
  int page = 0;         // 0 if none
  int line = 0;         // 0 if none
  std::string heading;  // "" if none
};

struct Hit {
  std::int64_t chunk_id = 0;
  std::int64_t document_id = 0;
  std::string collection;
  std::string path;
  std::string title;
  std::string sha256;
  std::string format;
  std::string language;
  std::string text;  // the passage, exactly as in the document's extracted text
  Citation citation;
  float score = 0;
  std::optional<float> relevance;  // probability that it answers, where a calibrated reranker read it
  std::vector<ScorePart> parts;
  ByteSpan best_window;              // in `text`: what a reranker's score is for, if it had to cut; else empty
  ByteSpan snippet;                  // in `text`: the stretch to show
  std::vector<ByteSpan> highlights;  // in `text`: matched words, in order, not overlapping
};

}  // namespace attune
