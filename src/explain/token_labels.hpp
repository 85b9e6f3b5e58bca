// What people see of tokens: readable labels, and which tokens a word of the text is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attune/explain.hpp"

namespace attune::explain {

// True if the bytes at `span` go on with a word that began before them.
bool goes_on(std::string_view text, ByteSpan span);

// A token's label: "<s>" for a special one, else its bytes of the text, with "…" in front if it goes on in the middle
// of a word. Line breaks become spaces; a piece without any byte to show is
// named by its piece, the space that some tokenizers put in front "(space)".
std::string token_label(std::string_view text, ByteSpan span, std::string_view piece);

// The tokens that hold `word`: a whole number names a token, anything else is looked for in the text behind the
// first `skip` bytes. The first place where whole tokens make the word wins; else the first place at all where it is
// not the middle of a longer word. Fails with bad_input.
struct WordSearch {
  std::string_view text;
  const std::vector<ExplainedToken>& tokens;
  std::size_t skip = 0;
};
Result<TokenGroup> find_word(const WordSearch& search, const std::string& word);

// Columns that a label takes in a terminal.
std::size_t display_width(std::string_view utf8);
// The label cut to `columns` with "…" at the end if needed, filled up with spaces.
std::string padded(std::string_view utf8, std::size_t columns);

}  // namespace attune::explain
