#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attune/text.hpp"

#include "text/characters.hpp"
#include "text/term_candidates.hpp"

namespace attune::text {
namespace {

// Dictionaries look at a whole run at once: longer ones are cut.
constexpr std::size_t kLongestRun = 1024 * 3;

// The end of the run of `kind` that begins at `at`.
std::size_t run_end(std::string_view text, std::size_t at, CharacterClass kind) {
  const std::size_t start = at;
  while (at < text.size() && at - start < kLongestRun) {
    std::size_t after = at;
    const CharacterClass next = character_class(next_character(text, after));
    if (next != kind && next != CharacterClass::extender) break;
    at = after;
  }
  return at;
}

std::vector<TermCandidate> candidates_of(std::string_view text, const Languages& languages) {
  std::vector<TermCandidate> candidates;
  candidates.reserve(text.size() / 5);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t after = at;
    const CharacterClass kind = character_class(next_character(text, after));
    switch (kind) {
      case CharacterClass::letter:
      case CharacterClass::digit:
        after = append_spaced_terms(text, at, languages, candidates);
        break;
      case CharacterClass::ideograph:
        after = run_end(text, at, kind);
        append_ideograph_terms(text, {at, after}, candidates);
        break;
      case CharacterClass::dictionary:
        after = run_end(text, at, kind);
        append_dictionary_terms(text, {at, after}, candidates);
        break;
      case CharacterClass::separator:
      case CharacterClass::extender:
        break;
    }
    at = after;
  }
  return candidates;
}

std::vector<Term> terms_of(std::vector<TermCandidate>&& candidates, bool with_function_words) {
  std::vector<Term> terms;
  terms.reserve(candidates.size());
  for (TermCandidate& candidate : candidates) {
    if (with_function_words || !candidate.function_word) terms.push_back(std::move(candidate.term));
  }
  return terms;
}

}  // namespace

std::vector<Term> index_terms(std::string_view utf8, std::string_view language) {
  return terms_of(candidates_of(utf8, {std::string(language)}), true);
}

std::vector<Term> query_terms(std::string_view utf8, const std::vector<std::string>& languages) {
  std::vector<TermCandidate> candidates = candidates_of(utf8, languages.empty() ? Languages{""} : languages);
  const bool only_function_words =
      std::all_of(candidates.begin(), candidates.end(), [](const TermCandidate& term) { return term.function_word; });
  return terms_of(std::move(candidates), only_function_words);
}

}  // namespace attune::text
