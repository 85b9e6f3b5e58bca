// Snippet: which stretch of a passage to show, and which of its words matched.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/text.hpp"

namespace attune {

struct Snippet {
  ByteSpan span;                     // the stretch to show
  std::vector<ByteSpan> highlights;  // in the whole text: in order, not overlapping, not touching
};

// `wanted` are the texts of text::query_terms. The stretch has at most `most_bytes`, begins at a sentence where it can,
// holds as many different wanted terms as possible, and ends at a sentence, else between words, always between
// graphemes. A text without wanted terms is shown from its beginning.
Snippet make_snippet(std::string_view text, std::string_view language, const std::set<std::string>& wanted,
                     std::size_t most_bytes);

}  // namespace attune
