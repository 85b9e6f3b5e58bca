#include "store/words.hpp"

#include <algorithm>
#include <unordered_map>

#include "attune/text.hpp"

#include "store/bm25.hpp"
#include "store/settings.hpp"

namespace attune::store {

namespace {

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
std::string match_expression(const std::vector<WeightedTerm>& terms) {
  std::string expression;
  for (const WeightedTerm& term : terms) {
    if (!expression.empty()) expression += " OR ";
    expression += '"';
    for (const char character : term.text) {
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

std::vector<WeightedTerm> terms_of_query(std::string_view query, const std::vector<std::string>& languages) {
  if (query.size() > kMaxWordQueryBytes) {
    // Not within a character: its first half would become a term of its own.
    std::size_t cut = kMaxWordQueryBytes;
    for (int back = 0; back < 3 && (static_cast<unsigned char>(query[cut]) & 0xC0U) == 0x80U; ++back) --cut;
    query = query.substr(0, cut);
  }
  std::vector<WeightedTerm> terms;
  std::unordered_map<std::string, std::size_t> places;
  for (text::Term& term : text::query_terms(query, languages)) {
    if (!is_storable(term.text)) continue;
    const auto known = places.find(term.text);
    if (known != places.end()) {
      terms[known->second].weight += 1;
    } else if (terms.size() < kMaxWordQueryTerms) {
      places.emplace(term.text, terms.size());
      terms.push_back({.text = std::move(term.text), .weight = 1});
    }
  }
  return terms;
}

std::vector<ScoredChunk> search_terms(Connection& connection, const std::vector<WeightedTerm>& terms,
                                      const WordSearchOptions& options) {
  std::vector<ScoredChunk> best;  // a heap whose front is the worst
  if (terms.empty() || options.k == 0) return best;
  Bm25Request request{.k1 = options.k1, .b = options.b, .weights = {}, .allowed = options.allowed};
  for (const WeightedTerm& term : terms) request.weights.push_back(term.weight);

  Statement rows = connection.prepare("SELECT rowid, attune_bm25(postings, ?2) FROM postings WHERE postings MATCH ?1");
  rows.bind(match_expression(terms));
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
