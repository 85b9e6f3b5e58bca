#include "retrieve/snippet.hpp"

#include <algorithm>

namespace attune {
namespace {

// A match stands this far into the stretch when its sentence is too long to be shown from its beginning.
constexpr std::size_t kLeadDivisor = 4;

struct Match {
  const std::string* term;
  ByteSpan span;
};

struct Passage {
  std::string_view text;
  std::vector<ByteSpan> sentences;
  std::vector<ByteSpan> words;  // of every term that is a word, in order
  std::vector<Match> matches;   // in order
};

Passage read_passage(std::string_view text, std::string_view language, const std::vector<text::Term>& terms,
                     const std::set<std::string>& wanted) {
  Passage passage{text, text::sentences(text, language), {}, {}};
  for (const text::Term& term : terms) {
    if (term.kind == text::TermKind::word) passage.words.push_back(term.span);
    if (wanted.contains(term.text)) passage.matches.push_back({&term.text, term.span});
  }
  std::ranges::sort(passage.words, {}, &ByteSpan::start);
  std::ranges::stable_sort(passage.matches, {}, [](const Match& match) { return match.span.start; });
  return passage;
}

std::vector<ByteSpan> merged(const std::vector<Match>& matches) {
  std::vector<ByteSpan> spans;
  for (const Match& match : matches) {
    if (!spans.empty() && match.span.start <= spans.back().end) {
      spans.back().end = std::max(spans.back().end, match.span.end);
    } else {
      spans.push_back(match.span);
    }
  }
  return spans;
}

// The largest place ≤ `offset` that is inside no word; `offset` itself when that would leave nothing after `start`.
std::size_t between_words(const Passage& passage, std::size_t start, std::size_t offset) {
  auto word = std::ranges::lower_bound(passage.words, offset, {}, &ByteSpan::start);
  std::size_t place = offset;
  // Words may nest (a compound and its parts): look back over those that could still reach past the place.
  for (int looked = 0; word != passage.words.begin() && looked < 8; ++looked) {
    --word;
    if (word->end > place && word->start < place) place = word->start;
  }
  return place > start ? place : offset;
}

// Where a stretch that begins at `start` ends: the last sentence end within reach, unless that wastes over half of it.
std::size_t end_of_stretch(const Passage& passage, std::size_t start, std::size_t most_bytes) {
  if (passage.text.size() - start <= most_bytes) return passage.text.size();
  const std::size_t reach = text::grapheme_boundary_at_or_before(passage.text, start + most_bytes);
  std::size_t sentence_end = 0;
  for (const ByteSpan& sentence : passage.sentences) {
    if (sentence.end <= reach) sentence_end = std::max(sentence_end, sentence.end);
  }
  if (sentence_end > start + most_bytes / 2) return sentence_end;
  const std::size_t place = between_words(passage, start, reach);
  return text::grapheme_boundary_at_or_before(passage.text, place);
}

// Places where a stretch may begin: each sentence, and before each match that its sentence's beginning cannot reach.
std::vector<std::size_t> beginnings(const Passage& passage, std::size_t most_bytes) {
  std::vector<std::size_t> starts = {0};
  for (const ByteSpan& sentence : passage.sentences) starts.push_back(sentence.start);
  std::ranges::sort(starts);
  std::vector<std::size_t> all = starts;
  for (const Match& match : passage.matches) {
    const std::size_t sentence = *std::prev(std::ranges::upper_bound(starts, match.span.start));
    if (match.span.end - sentence <= most_bytes) continue;
    const std::size_t lead = std::min(most_bytes / kLeadDivisor, match.span.start);
    const std::size_t place = text::grapheme_boundary_at_or_before(passage.text, match.span.start - lead);
    all.push_back(text::grapheme_boundary_at_or_before(passage.text, between_words(passage, sentence, place)));
  }
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

struct Worth {
  std::size_t different = 0;
  std::size_t together = 0;
  friend auto operator<=>(const Worth&, const Worth&) = default;
};

Worth worth_of(const Passage& passage, ByteSpan stretch) {
  Worth worth;
  std::set<std::string_view> seen;
  auto match = std::ranges::lower_bound(passage.matches, stretch.start, {},
                                        [](const Match& candidate) { return candidate.span.start; });
  for (; match != passage.matches.end() && match->span.start < stretch.end; ++match) {
    if (match->span.end > stretch.end) continue;
    ++worth.together;
    seen.insert(*match->term);
  }
  worth.different = seen.size();
  return worth;
}

ByteSpan without_white_space(std::string_view text, ByteSpan span) {
  constexpr std::string_view kWhite = " \t\n\r";
  const std::string_view inside = span.of(text);
  const std::size_t first = inside.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {span.start, span.start};
  return {span.start + first, span.start + inside.find_last_not_of(kWhite) + 1};
}

}  // namespace

Snippet make_snippet(std::string_view text, std::string_view language, const std::set<std::string>& wanted,
                     std::size_t most_bytes) {
  const std::vector<text::Term> terms = text::index_terms(text, language);
  const Passage passage = read_passage(text, language, terms, wanted);
  Snippet snippet{{0, 0}, merged(passage.matches)};
  Worth best;
  bool first = true;
  for (const std::size_t start : beginnings(passage, most_bytes)) {
    const ByteSpan stretch{start, end_of_stretch(passage, start, most_bytes)};
    const Worth worth = worth_of(passage, stretch);
    if (first || worth > best) {
      best = worth;
      snippet.span = stretch;
      first = false;
    }
  }
  snippet.span = without_white_space(text, snippet.span);
  return snippet;
}

}  // namespace attune
