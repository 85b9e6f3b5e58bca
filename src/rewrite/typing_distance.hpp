// How far apart is what was typed from what was meant?
#pragma once

#include <cstddef>
#include <string_view>

namespace attune {

// Weighted edits between two words in lower case: 1 for a letter too many, too few or wrong, less where a hand slips
// easily (neighbouring keys, two letters swapped, one doubled), more in the first letter. Up to `open_end` characters
// at the end of `typed` cost nothing. Above `most` the answer is some value above `most`.
double typing_distance(std::u32string_view typed, std::u32string_view word, double most, std::size_t open_end = 0);

}  // namespace attune
