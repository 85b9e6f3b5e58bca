// Words of scripts that put no spaces between them.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf16.h>

#include "text/breaks.hpp"
#include "text/characters.hpp"
#include "text/chinese.hpp"
#include "text/stop_words.hpp"
#include "text/term_candidates.hpp"

namespace attune::text {
namespace {

struct WordRange {
  std::size_t first = 0;
  std::size_t count = 0;
};

// Words by ICU's dictionaries, covering all characters.
std::vector<WordRange> dictionary_words(const FoldedText& characters) {
  std::vector<WordRange> words;
  if (characters.empty()) return words;
  icu::UnicodeString units;
  std::vector<std::size_t> character_at;  // of each UTF-16 unit, and one past the end
  for (std::size_t i = 0; i < characters.size(); ++i) {
    units.append(static_cast<UChar32>(characters[i].value));
    character_at.resize(static_cast<std::size_t>(units.length()), i);
  }
  character_at.push_back(characters.size());
  icu::BreakIterator* const breaks = characters.size() > 1 ? word_breaks() : nullptr;
  std::size_t first = 0;
  if (breaks != nullptr) {
    breaks->setText(units);
    for (std::int32_t end = breaks->next(); end != icu::BreakIterator::DONE; end = breaks->next()) {
      const std::size_t last = character_at[static_cast<std::size_t>(end)];
      if (last > first) words.push_back({first, last - first});
      first = last;
    }
    breaks->setText(icu::UnicodeString());
  }
  if (first < characters.size()) words.push_back({first, characters.size() - first});
  return words;
}

ByteSpan span_of(const FoldedText& characters, std::size_t first, std::size_t count) {
  return {characters[first].span.start, characters[first + count - 1].span.end};
}

// The language whose function words may stand in the run.
std::string_view language_of(const FoldedText& characters) {
  for (const FoldedCharacter& character : characters) {
    if (character.value >= 0x3040 && character.value <= 0x30FF) return "ja";
    if (character.value >= 0xAC00 && character.value <= 0xD7A3) return "ko";
  }
  return "zh";
}

// Words with the bigrams around them, in order. A bigram that is a word is that word.
void append_words_and_bigrams(const FoldedText& characters, std::vector<TermCandidate>& candidates) {
  const std::string_view language = language_of(characters);
  const std::vector<WordRange> words = dictionary_words(characters);
  std::vector<bool> in_function_word(characters.size());
  std::vector<bool> is_whole_word(characters.size());  // a word of two characters begins here
  for (const WordRange& word : words) {
    const bool function_word = is_stop_word(to_utf8(characters, word.first, word.count), language);
    std::fill_n(in_function_word.begin() + static_cast<std::ptrdiff_t>(word.first), word.count, function_word);
    if (word.count == 2) is_whole_word[word.first] = true;
  }
  const auto add = [&](std::size_t first, std::size_t count, TermKind kind, bool function_word) {
    candidates.push_back({{to_utf8(characters, first, count), span_of(characters, first, count), kind}, function_word});
  };
  for (const WordRange& word : words) {
    add(word.first, word.count, TermKind::word, in_function_word[word.first]);
    for (std::size_t i = word.first; i < word.first + word.count && i + 1 < characters.size(); ++i) {
      if (!is_whole_word[i]) add(i, 2, TermKind::bigram, in_function_word[i] && in_function_word[i + 1]);
    }
  }
}

// What may be left of folding and is no part of a word.
void drop_separators(FoldedText& characters) {
  std::erase_if(characters, [](const FoldedCharacter& character) {
    return character_class(character.value) == CharacterClass::separator ||
           u_isspace(static_cast<UChar32>(character.value));
  });
}

}  // namespace

void append_ideograph_terms(std::string_view text, ByteSpan run, std::vector<TermCandidate>& candidates) {
  FoldedText characters = fold_with_spans(text, run);
  drop_separators(characters);
  if (characters.empty()) return;
  const std::vector<RegionalForm> forms = regional_forms(characters);
  simplify(characters);
  const auto known = static_cast<std::ptrdiff_t>(candidates.size());
  append_words_and_bigrams(characters, candidates);
  for (const RegionalForm& form : forms) {
    const std::string here = to_utf8(characters, form.first, form.count);
    if (to_utf8(form.mainland, 0, form.mainland.size()) != here) append_words_and_bigrams(form.mainland, candidates);
  }
  if (forms.empty()) return;
  std::stable_sort(candidates.begin() + known, candidates.end(), [](const TermCandidate& a, const TermCandidate& b) {
    return a.term.span.start < b.term.span.start;
  });
}

void append_dictionary_terms(std::string_view text, ByteSpan run, std::vector<TermCandidate>& candidates) {
  FoldedText characters = fold_with_spans(text, run);
  drop_separators(characters);
  for (const WordRange& word : dictionary_words(characters)) {
    candidates.push_back(
        {{to_utf8(characters, word.first, word.count), span_of(characters, word.first, word.count), TermKind::word},
         false});
  }
}

}  // namespace attune::text
