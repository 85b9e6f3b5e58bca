// BM25 as an auxiliary function of FTS5: attune_bm25(postings, request).
//
// Lucene's formula: for each word, weight · idf · tf / (tf + k1 · (1 − b + b · length / average length)) with
// idf = ln(1 + (N − df + 0.5) / (df + 0.5)). N counts chunks, df chunks that hold the term in any column, tf and length
// count over all columns. A word with alternatives counts them together: tf is their sum, df the largest among them, so
// that a rare accidental stem of a frequent word earns no more than the word (as in Lucene's SynonymQuery).
#pragma once

#include <span>

#include "attune/store.hpp"

#include "store/words.hpp"

struct Fts5ExtensionApi;
struct Fts5Context;
struct sqlite3_context;
struct sqlite3_value;

namespace attune::store {

// Bound as a pointer of this type name; lives as long as the query.
inline constexpr const char* kBm25RequestType = "attune-bm25-request";

struct Bm25Request {
  float k1 = 0;
  float b = 0;
  std::size_t terms = 0;                   // phrases of the FTS5 query
  std::span<const WordQuery::Word> words;  // over these phrases
  const ChunkSet* allowed = nullptr;       // nullptr: all; a chunk that is not in it scores NULL
};

// The value of xFunction in fts5_api.
void bm25_function(const Fts5ExtensionApi* api, Fts5Context* context, sqlite3_context* result, int value_count,
                   sqlite3_value** values);

}  // namespace attune::store
