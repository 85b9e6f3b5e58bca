// Characters of Unicode 16 and 17, which the reference tokenizers know and ICU 72 (Unicode 15) does not.
//
// Taken by asking the reference about every character (PyPI tokenizers 0.23.3). With a newer ICU the lists are idle.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace attune {

enum class NewerKind : std::uint8_t { none, letter, number, mark };

NewerKind newer_kind(std::uint32_t code_point);

// The lower case of a newer capital, or of an older letter that gained one; `code_point` itself else.
std::uint32_t newer_lower_case(std::uint32_t code_point);

// The ranges of one kind as a regular expression's set has them: "\U00010D4A-\U00010D65…".
std::string newer_ranges(NewerKind kind);

}  // namespace attune
