// Pseudo-relevance feedback: the words of the passages that a question finds first, taken for relevant unseen.
//
// The relevance model RM3 (N. Abdul-Jaleel et al.: UMass at TREC 2004) with BM25's scores: p(word | R) is the sum over
// the first passages of their share of all scores times the word's share of the passage, and words are chosen by it
// and by how rare they are in the collection. The mixture with the question is fusion's: its own leg stays.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "attune/text.hpp"

#include "rewrite/rules.hpp"

namespace attune {
namespace {

constexpr std::size_t kPassages = 10;
constexpr std::size_t kWords = 10;  // that are added
constexpr float kFeedbackWeight = 0.5F;

struct Candidate {
  double weight = 0;
  std::string written;  // as a passage has it
};

// Words of the passages by their term, each with p(word | R).
std::map<std::string, Candidate> words_of(const std::vector<ChunkRecord>& passages, std::span<const double> shares) {
  std::map<std::string, Candidate> words;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    const std::string& text = passages[i].chunk.text;
    const auto terms = text::index_terms(text, text::detect_language(text));
    for (const text::Term& term : terms) {
      if (term.kind != text::TermKind::word || term.span.size() < 3 || term.span.end > text.size()) continue;
      Candidate& word = words[term.text];
      if (word.written.empty()) word.written = term.span.of(text);
      word.weight += shares[i] / static_cast<double>(terms.size());
    }
  }
  return words;
}

}  // namespace

Result<std::optional<Rewrite>> expand_by_feedback(const std::string& question, const Store& store) {
  const auto found = store.search_words(question, {.k = kPassages});
  if (!found) return found.error();
  double sum = 0;
  for (const ScoredChunk& chunk : *found) sum += static_cast<double>(chunk.score);
  if (!(sum > 0)) return std::optional<Rewrite>();
  std::vector<std::int64_t> ids;
  std::vector<double> shares;
  for (const ScoredChunk& chunk : *found) {
    ids.push_back(chunk.chunk_id);
    shares.push_back(static_cast<double>(chunk.score) / sum);
  }
  const auto passages = store.chunks(ids);
  if (!passages) return passages.error();
  auto words = words_of(*passages, shares);
  const auto languages = store.languages();
  if (!languages) return languages.error();
  for (const text::Term& term : text::query_terms(question, *languages)) words.erase(term.text);
  const auto counts = store.counts("");
  if (!counts) return counts.error();
  std::vector<std::string> terms;
  for (const auto& entry : words) terms.push_back(entry.first);
  const auto holding = store.chunks_with_terms(terms);
  if (!holding) return holding.error();
  std::vector<Candidate> ranked;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    Candidate& word = words[terms[i]];
    word.weight *= std::log((static_cast<double>(counts->chunks) + 1) / (static_cast<double>((*holding)[i]) + 0.5));
    if (word.weight > 0) ranked.push_back(std::move(word));
  }
  std::ranges::stable_sort(ranked, std::greater<>(), &Candidate::weight);
  if (ranked.size() > kWords) ranked.resize(kWords);
  if (ranked.empty()) return std::optional<Rewrite>();
  Rewrite rewrite{.kind = RewriteKind::feedback, .text = question, .words = kFeedbackWeight, .dense = 0};
  for (const Candidate& word : ranked) {
    rewrite.text += ' ';
    const std::size_t start = rewrite.text.size();
    rewrite.text += word.written;
    rewrite.origins.push_back({{start, rewrite.text.size()}, RewriteOrigin::From::collection, 0, {}});
  }
  rewrite.why = "words of the passages that the question finds first";
  return std::optional(std::move(rewrite));
}

}  // namespace attune
