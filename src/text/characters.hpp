// Characters: what a code point is to a word, and safe steps through UTF-8 that may be malformed.
//
// Private to the text room. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"

namespace attune::text {

// What a code point does in a text that is cut into words.
enum class CharacterClass : std::uint8_t {
  separator,  // space, punctuation, symbols, controls
  letter,     // of a script that puts spaces between words
  digit,      // decimal digit of any script
  extender,   // goes on with the word before it: combining marks, soft hyphen, joiners
  ideograph,  // Han, Kana, Hangul, Bopomofo and their marks
  dictionary  // Thai, Lao, Khmer, Burmese: words without spaces, found by ICU's dictionaries
};

CharacterClass character_class(char32_t character);

constexpr char32_t kReplacement = 0xFFFD;

// The code point at `offset` (< text.size()), moving `offset` behind it. A malformed sequence gives kReplacement and
// moves behind its longest valid beginning, at least one byte.
char32_t next_character(std::string_view text, std::size_t& offset);

void append_utf8(std::string& text, char32_t character);

// One character after folding, with the bytes of the original text that it came from.
struct FoldedCharacter {
  char32_t value = 0;
  ByteSpan span;
};
using FoldedText = std::vector<FoldedCharacter>;

std::string to_utf8(const FoldedText& text, std::size_t first, std::size_t count);

// Case, width and compatibility folded (NFKC_Casefold). Malformed bytes become U+FFFD.
std::string fold(std::string_view utf8);

// The same over text[span], each folded character with the bytes that it came from.
FoldedText fold_with_spans(std::string_view text, ByteSpan span);

}  // namespace attune::text
