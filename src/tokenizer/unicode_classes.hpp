// What Unicode says of a code point, by the versions that the reference tokenizers were built with.
//
// ICU knows a newer Unicode than some of the reference's tables: a character that those had not met is an ordinary
// letter to them, and must stay one here, or ids would differ. Functions name the version that they answer for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace attune {

// The property White_Space.
bool is_white_space(std::uint32_t code_point);
// Categories Nd, Nl, No.
bool is_numeric(std::uint32_t code_point);
// What "\w" means: letters, marks, decimal digits, connectors, joiners.
bool is_word_character(std::uint32_t code_point);
// The punctuation of ASCII, and the categories P* of Unicode 8.
bool is_punctuation(std::uint32_t code_point);
// Categories Cc, Cf and Co of Unicode 8.
bool is_control(std::uint32_t code_point);
// Category Mn of Unicode 8.
bool is_nonspacing_mark(std::uint32_t code_point);
// Categories M* of Unicode 9.
bool is_mark(std::uint32_t code_point);

// Appends the lower case of `code_point`, one or two code points, whatever stands around it.
void append_lower_case(std::uint32_t code_point, std::vector<std::uint32_t>& out);

// The canonical combining class in Unicode 9.
std::uint8_t combining_class(std::uint32_t code_point);
// Appends the full canonical or compatible decomposition in Unicode 9: `code_point` itself where it has none.
void append_decomposition(std::uint32_t code_point, bool compatible, std::vector<std::uint32_t>& out);
// The canonical composition of two code points in Unicode 9, 0 if they have none.
std::uint32_t composition(std::uint32_t first, std::uint32_t second);

// The ends of the extended grapheme clusters of `text`, ascending; the last one is text.size().
std::vector<std::size_t> grapheme_ends(const std::u32string& text);

}  // namespace attune
