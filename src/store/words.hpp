// Words: postings and BM25, on FTS5.
//
// Text is segmented by the text room before it gets here. What FTS5 sees are terms separated by U+0020, which our
// tokenizer splits at that byte and nowhere else, so that any other bytes make a legal term. A chunk has one row with
// two columns: `title` (document title and heading path) and `body`; both count as one passage.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/store.hpp"

#include "store/sqlite.hpp"

namespace attune::store {

// What the postings of one chunk are made from.
struct Passage {
  std::string_view title;    // of the document
  std::string_view heading;  // of the chunk
  std::string_view text;
  std::string_view language;  // of the document
};

// Terms separated by U+0020.
struct PassageTerms {
  std::string title;
  std::string body;
};

// Title and heading path in one, each of their parts once: a page's first heading is often its title again.
std::string title_of(std::string_view title, std::string_view heading);

PassageTerms terms_of(const Passage& passage);

// The tokenizer `attune_terms` and the auxiliary function `attune_bm25`.
void register_words(Connection& connection);

void write_posting(Connection& connection, std::int64_t chunk_id, const PassageTerms& terms);

// What a question looks for. A word has alternatives where the collection's languages stem it differently; a chunk that
// holds any of them holds the word.
struct WordQuery {
  struct Word {
    std::vector<std::size_t> terms;  // ascending places in WordQuery::terms
    float weight = 1;                // how often the question says it
  };
  std::vector<std::string> terms;  // each once, at most kMaxWordQueryTerms
  std::vector<Word> words;
};

WordQuery words_of_query(std::string_view query, const std::vector<std::string>& languages);

// The k best chunks for the words, best first, ties by ascending id.
std::vector<ScoredChunk> search_words(Connection& connection, const WordQuery& query, const WordSearchOptions& options);

std::vector<IndexedTerm> terms(Connection& connection);
std::vector<std::int64_t> chunks_with_terms(Connection& connection, std::span<const std::string> terms);
ChunkSet chunks_with_term(Connection& connection, std::string_view term, std::size_t limit);

// Rebuilds all postings in one transaction if another segmenter made them. Returns the chunks rebuilt.
std::int64_t refresh_postings(Connection& connection);

}  // namespace attune::store
