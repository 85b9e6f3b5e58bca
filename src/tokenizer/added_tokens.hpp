// Added tokens: words that are found in a text before anything else looks at it ("[SEP]", "<mask>").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "attune/core/result.hpp"

#include "tokenizer/normalizers.hpp"
#include "tokenizer/parted_text.hpp"
#include "tokenizer/piece_trie.hpp"

namespace attune {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool single_word = false;  // only where no word character stands beside it
  bool lstrip = false;       // takes white space before it along
  bool rstrip = false;
  bool normalized = false;  // found in the normalised text, spelled as the normaliser spells it
  bool special = false;
};

class AddedTokens {
 public:
  // Fails with bad_input when two tokens read the same or one is normalised to nothing. `normalizer` may be null.
  static Result<AddedTokens> create(std::vector<AddedToken> tokens, const Normalizer* normalizer);

  // Finds the tokens in `text`, normalises what lies between them, and finds those that are written normalised.
  // With `finds_special` false, special tokens are ordinary text.
  [[nodiscard]] PartedText extract(std::string_view text, const Normalizer* normalizer, bool finds_special) const;

  [[nodiscard]] const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  struct Found {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::int32_t token = -1;  // -1: text between tokens
  };
  [[nodiscard]] std::vector<Found> find(const PieceTrie& trie, const AlignedCharacters& text, bool finds_special) const;

  std::vector<AddedToken> tokens_;
  PieceTrie raw_;
  PieceTrie normalised_;
};

}  // namespace attune
