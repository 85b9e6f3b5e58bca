// Term candidates: the terms of one stretch of text, before a question loses its function words.
//
// Private to the text room. Each function appends the terms of one kind of stretch, in order of their place; terms
// cover only bytes of the stretch and are never empty.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attune/text.hpp"

namespace attune::text {

struct TermCandidate {
  Term term;
  bool function_word = false;  // says nothing about what is asked for
};

// Every language gives its own stems; each stem once for each place. At least one entry, "" for unknown.
using Languages = std::vector<std::string>;

// Reads one word, number, version or identifier that begins at `at` (a letter or digit) and returns the offset behind
// it.
std::size_t append_spaced_terms(std::string_view text, std::size_t at, const Languages& languages,
                                std::vector<TermCandidate>& candidates);

// A run of Han, Kana and Hangul: dictionary words, single characters and bigrams, and what mainland Chinese would say.
void append_ideograph_terms(std::string_view text, ByteSpan run, std::vector<TermCandidate>& candidates);

// A run of Thai, Lao, Khmer or Burmese: dictionary words.
void append_dictionary_terms(std::string_view text, ByteSpan run, std::vector<TermCandidate>& candidates);

}  // namespace attune::text
