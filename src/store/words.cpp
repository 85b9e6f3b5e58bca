#include "store/words.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "attune/text.hpp"

#include "store/bm25.hpp"
#include "store/settings.hpp"

namespace attune::store {

namespace {

// What a bigram of the query weighs beside a word: the two say the same in part, so both in full would count it twice
// (nDCG@10 with 0.5 against 1: cmrc-dev-zh 0.992 and 0.991, drcd-dev-zh 0.970 and 0.967, xquad-dev-zh 0.961 and 0.956).
constexpr float kBigramWeight = 0.5F;

constexpr std::string_view kHeadingSeparator = " › ";

// What our tokenizer would split or FTS5 would cut short cannot be a term. The text room promises that there is none;
// here it costs little to make sure.
bool is_storable(std::string_view term) {
  return !term.empty() && term.find(' ') == std::string_view::npos && term.find('\0') == std::string_view::npos;
}

std::string joined(const std::vector<text::Term>& terms) {
  std::string line;
  for (const text::Term& term : terms) {
    if (!is_storable(term.text)) continue;
    if (!line.empty()) line += ' ';
    line += term.text;
  }
  return line;
}

// "a" OR "b": between quotes any bytes but the quote stand for themselves.
std::string match_expression(const std::vector<std::string>& terms) {
  std::string expression;
  for (const std::string& term : terms) {
    if (!expression.empty()) expression += " OR ";
    expression += '"';
    for (const char character : term) {
      if (character == '"') expression += '"';
      expression += character;
    }
    expression += '"';
  }
  return expression;
}

bool is_better(const ScoredChunk& left, const ScoredChunk& right) {
  return left.score != right.score ? left.score > right.score : left.chunk_id < right.chunk_id;
}

// The part of a query that is read. Not cut within a character: its first half would become a term of its own.
std::string_view bounded(std::string_view query) {
  if (query.size() <= kMaxWordQueryBytes) return query;
  std::size_t cut = kMaxWordQueryBytes;
  for (int back = 0; back < 3 && (static_cast<unsigned char>(query[cut]) & 0xC0U) == 0x80U; ++back) --cut;
  return query.substr(0, cut);
}

}  // namespace

std::string title_of(std::string_view title, std::string_view heading) {
  std::string line(title);
  while (!heading.empty()) {
    const std::size_t end = std::min(heading.find(kHeadingSeparator), heading.size());
    const std::string_view part = heading.substr(0, end);
    if (part != title) line.append(line.empty() ? "" : "\n").append(part);
    heading.remove_prefix(std::min(end + kHeadingSeparator.size(), heading.size()));
  }
  return line;
}

PassageTerms terms_of(const Passage& passage) {
  return {.title = joined(text::index_terms(title_of(passage.title, passage.heading), passage.language)),
          .body = joined(text::index_terms(passage.text, passage.language))};
}

void write_posting(Connection& connection, std::int64_t chunk_id, const PassageTerms& terms) {
  connection.prepare("INSERT OR REPLACE INTO postings (rowid, title, body) VALUES (?, ?, ?)")
      .run(chunk_id, terms.title, terms.body);
}

WordQuery words_of_query(std::string_view query, const std::vector<std::string>& languages) {
  WordQuery words;
  std::unordered_map<std::string, std::size_t> term_places;
  std::map<std::vector<std::size_t>, std::size_t> word_places;
  std::vector<std::size_t> word;
  std::optional<text::Term> before;
  const auto finish_word = [&] {
    if (word.empty()) return;
    std::sort(word.begin(), word.end());
    const float weight = before->kind == text::TermKind::bigram ? kBigramWeight : 1;
    const auto [known, is_new] = word_places.emplace(word, words.words.size());
    if (is_new) {
      words.words.push_back({.terms = word, .weight = weight});
    } else {
      words.words[known->second].weight += weight;
    }
    word.clear();
  };

  for (const text::Term& term : text::query_terms(bounded(query), languages)) {
    if (!is_storable(term.text)) continue;
    if (!before || before->span != term.span || before->kind != term.kind) finish_word();
    before = term;
    auto place = term_places.find(term.text);
    if (place == term_places.end()) {
      if (words.terms.size() == kMaxWordQueryTerms) continue;
      place = term_places.emplace(term.text, words.terms.size()).first;
      words.terms.push_back(term.text);
    }
    if (std::find(word.begin(), word.end(), place->second) == word.end()) word.push_back(place->second);
  }
  finish_word();
  return words;
}

std::vector<ScoredChunk> search_words(Connection& connection, const WordQuery& query,
                                      const WordSearchOptions& options) {
  std::vector<ScoredChunk> best;  // a heap whose front is the worst
  if (query.terms.empty() || options.k == 0) return best;
  Bm25Request request{
      .k1 = options.k1, .b = options.b, .terms = query.terms.size(), .words = query.words, .allowed = options.allowed};

  Statement rows = connection.prepare("SELECT rowid, attune_bm25(postings, ?2) FROM postings WHERE postings MATCH ?1");
  rows.bind(match_expression(query.terms));
  rows.bind_pointer(2, &request, kBm25RequestType);
  while (rows.step()) {
    if (rows.is_null(1)) continue;  // not allowed
    const ScoredChunk scored{.chunk_id = rows.integer(0), .score = static_cast<float>(rows.real(1))};
    if (best.size() == options.k) {
      if (!is_better(scored, best.front())) continue;
      std::pop_heap(best.begin(), best.end(), is_better);
      best.pop_back();
    }
    best.push_back(scored);
    std::push_heap(best.begin(), best.end(), is_better);
  }
  std::sort_heap(best.begin(), best.end(), is_better);
  return best;
}

std::vector<IndexedTerm> terms(Connection& connection) {
  std::vector<IndexedTerm> all;
  Statement rows = connection.prepare("SELECT term, doc FROM temp.posting_term");
  rows.bind();
  while (rows.step()) all.push_back({std::string(rows.text(0)), rows.integer(1)});
  return all;
}

std::vector<std::int64_t> chunks_with_terms(Connection& connection, std::span<const std::string> terms) {
  std::vector<std::int64_t> counts;
  for (const std::string& term : terms) {
    Statement row = connection.prepare("SELECT doc FROM temp.posting_term WHERE term = ?");
    row.bind(std::string_view(term));
    counts.push_back(row.step() ? row.integer(0) : 0);
  }
  return counts;
}

ChunkSet chunks_with_term(Connection& connection, std::string_view term, std::size_t limit) {
  ChunkSet ids;
  if (!is_storable(term)) return ids;
  const std::string expression = match_expression({std::string(term)});
  Statement rows = connection.prepare("SELECT rowid FROM postings WHERE postings MATCH ? ORDER BY rowid LIMIT ?");
  rows.bind(std::string_view(expression), static_cast<std::int64_t>(limit));
  while (rows.step()) ids.push_back(rows.integer(0));
  return ids;
}

std::int64_t refresh_postings(Connection& connection) {
  const std::string version = text::segmenter_version();
  if (setting(connection, kSegmenterSetting) == version) return 0;
  // One transaction: searches use the old postings until the new ones are whole, and a crash leaves the old ones.
  Transaction transaction(connection, Transaction::Kind::writing);
  connection.execute(
      "DROP TABLE postings;"
      "CREATE VIRTUAL TABLE postings USING fts5 (title, body, tokenize = 'attune_terms');");
  std::int64_t rebuilt = 0;
  {
    Statement rows = connection.prepare(
        "SELECT c.id, d.title, c.heading, c.text, d.language FROM chunk c JOIN document d ON d.id = c.document_id "
        "ORDER BY c.id");
    rows.bind();
    for (; rows.step(); ++rebuilt) {
      write_posting(
          connection, rows.integer(0),
          terms_of({.title = rows.text(1), .heading = rows.text(2), .text = rows.text(3), .language = rows.text(4)}));
    }
  }
  set_setting(connection, kSegmenterSetting, version);
  bump_generation(connection);
  transaction.commit();
  return rebuilt;
}

}  // namespace attune::store
