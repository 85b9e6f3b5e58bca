// Spelling: a word that the collection does not know is read as one that it knows and that was easily mistyped.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "attune/text.hpp"

#include "rewrite/rules.hpp"
#include "rewrite/typing_distance.hpp"

namespace attune {
namespace {

constexpr std::size_t kShortestWord = 4;    // letters; too much is like a shorter one
constexpr std::size_t kCandidates = 10;     // terms whose written forms are looked up
constexpr std::size_t kPassages = 3;        // that are read for them
constexpr double kDistanceInScore = 3;      // log-odds of one edit
constexpr double kFrequencyInScore = 0.35;  // log-odds of a word e times as frequent
constexpr double kLeastConfidence = 0.35;   // below this a word is left as it was typed
constexpr std::size_t kMostWords = 8;       // of a question that are looked at

struct UnknownWord {
  ByteSpan span;
  bool is_han = false;
};

bool is_han(std::string_view word) {
  return !word.empty() && static_cast<unsigned char>(word.front()) >= 0xE3U;
}

// Letters only, none but the first in upper case.
bool is_plain(std::string_view word) {
  const std::u32string points = text::code_points(word);
  if (points.size() < kShortestWord) return false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const char32_t point = points[i];
    const bool lower = (point >= U'a' && point <= U'z') || (point >= 0xC0 && point < 0x2000);
    const bool upper = point >= U'A' && point <= U'Z';
    if (!lower && !(upper && i == 0)) return false;
  }
  return true;
}

// How far a correction may be from what was typed.
double most_distance(std::size_t letters) {
  if (letters < 6) return 1.3;
  return letters < 9 ? 2.0 : 2.6;
}

// Words of which no alternative is in the postings, in order.
Result<std::vector<UnknownWord>> unknown_words(const std::string& question, const Store& store,
                                               const Tokenizer* tokenizer) {
  const auto languages = store.languages();
  if (!languages) return languages.error();
  std::vector<std::string> terms;
  std::vector<ByteSpan> spans;
  for (text::Term& term : text::query_terms(question, *languages)) {
    terms.push_back(std::move(term.text));
    spans.push_back(term.span);
  }
  const auto counts = store.chunks_with_terms(terms);
  if (!counts) return counts.error();
  std::map<std::size_t, std::pair<ByteSpan, bool>> words;  // by start: span, and whether it is known
  for (std::size_t i = 0; i < spans.size(); ++i) {
    auto& word = words.try_emplace(spans[i].start, spans[i], false).first->second;
    if (is_han(spans[i].of(question)) && word.first != spans[i]) continue;
    word.second = word.second || (*counts)[i] > 0;
  }
  std::vector<UnknownWord> unknown;
  std::size_t spaced = 0;  // words that are written with spaces
  for (const auto& entry : words) {
    const auto& [span, known] = entry.second;
    const std::string_view word = span.of(question);
    spaced += is_han(word) ? 0 : 1;
    if (known || unknown.size() == kMostWords) continue;
    if (is_han(word)) {
      unknown.push_back({span, true});
    } else if (is_plain(word) && (tokenizer == nullptr || tokenizer->count(text::lower_case(word)) > 1)) {
      unknown.push_back({span, false});
    }
  }
  // A question in a language that the collection is not written in is not misspelled.
  const auto strange = static_cast<std::size_t>(std::ranges::count(unknown, false, &UnknownWord::is_han));
  if (2 * strange > spaced && std::ranges::find(*languages, text::detect_language(question)) == languages->end()) {
    std::erase_if(unknown, [](const UnknownWord& word) { return !word.is_han; });
  }
  return unknown;
}

struct Correction {
  ByteSpan span;  // of the question
  std::string text;
  double confidence = 0;
};

// How passages write `term`: the form that is nearest to what was typed, in lower case; "" if none is near.
Result<std::pair<std::string, double>> written_form(std::string_view term, std::u32string_view typed, double most,
                                                    const Store& store) {
  std::pair<std::string, double> best{"", most};
  const auto ids = store.chunks_with_term(term, kPassages);
  if (!ids) return ids.error();
  const auto records = store.chunks(*ids);
  if (!records) return records.error();
  for (const ChunkRecord& record : *records) {
    for (const std::string* const text : {&record.chunk.text, &record.document.title, &record.chunk.heading}) {
      for (const text::Term& found : text::index_terms(*text, record.document.language)) {
        if (found.text != term) continue;
        std::string form = text::lower_case(found.span.of(*text));
        const double distance = typing_distance(typed, text::code_points(form), most);
        if (distance < best.second || (best.first.empty() && distance <= most)) best = {std::move(form), distance};
      }
    }
  }
  return best;
}

Result<std::optional<Correction>> correct_word(const ByteSpan& span, const std::string& question, const Store& store,
                                               const Vocabulary& vocabulary) {
  const std::u32string typed = text::code_points(text::lower_case(span.of(question)));
  const double most = most_distance(typed.size());
  std::map<std::string, double> scores;  // of written forms
  for (const Vocabulary::Near& near : vocabulary.near(typed, most, kCandidates)) {
    const auto form = written_form(near.term->text, typed, most, store);
    if (!form) return form.error();
    if (form->first.empty()) continue;
    const double score =
        kFrequencyInScore * std::log(1 + static_cast<double>(near.term->chunks)) - kDistanceInScore * form->second;
    const auto place = scores.try_emplace(form->first, score).first;
    place->second = std::max(place->second, score);
  }
  if (scores.empty()) return std::optional<Correction>();
  const auto best = std::ranges::max_element(scores, {}, [](const auto& entry) { return entry.second; });
  double all = 0;
  for (const auto& entry : scores) all += std::exp(entry.second - best->second);
  const double confidence = 1 / all;
  if (confidence < kLeastConfidence) return std::optional<Correction>();
  return std::optional(Correction{span, best->first, confidence});
}

// Characters that sound like what the collection says.
std::optional<Correction> correct_han(const ByteSpan& span, const std::string& question, const Vocabulary& vocabulary) {
  const auto alike = vocabulary.sounding_like(span.of(question));
  if (alike.empty()) return std::nullopt;
  double all = 0;
  for (const IndexedTerm* term : alike) all += static_cast<double>(term->chunks);
  const double confidence = static_cast<double>(alike.front()->chunks) / all;
  if (confidence < kLeastConfidence) return std::nullopt;
  return Correction{span, alike.front()->text, confidence};
}

Rewrite to_rewrite(const std::string& question, const std::vector<Correction>& corrections) {
  Rewrite rewrite{.kind = RewriteKind::spelling};
  std::size_t at = 0;
  for (const Correction& correction : corrections) {
    rewrite.text += question.substr(at, correction.span.start - at);
    const std::size_t start = rewrite.text.size();
    rewrite.text += correction.text;
    rewrite.origins.push_back({{start, rewrite.text.size()}, RewriteOrigin::From::collection, 0, correction.span});
    if (!rewrite.why.empty()) rewrite.why += "; ";
    rewrite.why += std::string(correction.span.of(question)) + " → " + correction.text;
    rewrite.confidence = std::min(rewrite.confidence, correction.confidence);
    at = correction.span.end;
  }
  rewrite.text += question.substr(at);
  return rewrite;
}

}  // namespace

Result<std::optional<Rewrite>> correct_spelling(const std::string& question, const Store& store,
                                                const VocabularySource& vocabulary, const Tokenizer* tokenizer) {
  const auto unknown = unknown_words(question, store, tokenizer);
  if (!unknown) return unknown.error();
  if (unknown->empty()) return std::optional<Rewrite>();
  const auto words = vocabulary();
  if (!words) return words.error();
  std::vector<Correction> corrections;
  for (const UnknownWord& word : *unknown) {
    if (!corrections.empty() && word.span.start < corrections.back().span.end) continue;
    if (word.is_han) {
      if (auto corrected = correct_han(word.span, question, **words)) corrections.push_back(*std::move(corrected));
      continue;
    }
    auto corrected = correct_word(word.span, question, store, **words);
    if (!corrected) return corrected.error();
    if (*corrected) corrections.push_back(**std::move(corrected));
  }
  if (corrections.empty()) return std::optional<Rewrite>();
  Rewrite rewrite = to_rewrite(question, corrections);
  if (std::ranges::any_of(*unknown, &UnknownWord::is_han)) {
    // Two characters that are no word together may sound like one by accident: fewer must be unknown than before.
    const auto left = unknown_words(rewrite.text, store, tokenizer);
    if (!left) return left.error();
    if (left->size() >= unknown->size()) return std::optional<Rewrite>();
  }
  rewrite.words = rewrite.dense = static_cast<float>(2 * rewrite.confidence);
  return std::optional(std::move(rewrite));
}

}  // namespace attune
