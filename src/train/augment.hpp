// Spellings of the same text. All input must be valid UTF-8; no function ever cuts a code point.
#pragma once

#include <string>
#include <string_view>

#include "train/randomness.hpp"

namespace attune::train {

// The case of ASCII letters. Other scripts and accented letters stay: a word like "Émile" is rare enough not to matter,
// and a mapping that changes a text's length would.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);
// The first letter of every word.
std::string title_case(std::string_view text);
// The first letter of the text and after ". ", "! ", "? ", and the word "i". Nothing is made small.
std::string sentence_case(std::string_view text);

// One slip in a word of four letters and more, all ASCII: two letters swapped, one left out, doubled, or hit beside its
// key. The first letter stays. Without such a word the text itself.
std::string with_typo(std::string_view text, Randomness& chance);

// Without the question mark at the end (also the full-width one) and the spaces before it.
std::string_view without_question_mark(std::string_view text);

// Some neighbouring sentences, at least one and not all, around the one that shares most terms with the query; the text
// itself if it has but one. The answer most likely stays in, and what is left of a negative is what looks most like an
// answer, so that length tells nothing.
std::string_view some_sentences(std::string_view text, std::string_view query, Randomness& chance);

}  // namespace attune::train
