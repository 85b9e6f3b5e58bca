// A tokenizer as a file describes it: added tokens, normaliser, pre-tokenizer, model, trimming of offsets, template.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "attune/tokenizer.hpp"

#include "tokenizer/added_tokens.hpp"
#include "tokenizer/normalizers.hpp"
#include "tokenizer/piece_model.hpp"
#include "tokenizer/pre_tokenizers.hpp"

namespace attune {

// White space at the ends of a byte-level piece leaves its span, but not one space that was put in front of the text.
struct OffsetTrimming {
  bool add_prefix_space = true;
};

struct TokenizerParts {
  std::vector<AddedToken> added_tokens;
  NormalizerPointer normalizer;       // null: text stays as it is
  PreTokenizerPointer pre_tokenizer;  // null: a text is one word
  PieceModelPointer model;
  std::optional<OffsetTrimming> trimming;
  SequenceTemplate sequence;
  TokenizerOptions options;
};

// Fails with bad_input: an added token's id that belongs to another piece or is out of range, two added tokens that
// read the same, a special token of the template that is no id.
Result<std::unique_ptr<Tokenizer>> make_file_tokenizer(TokenizerParts parts);

}  // namespace attune
