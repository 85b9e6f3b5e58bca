// A vocabulary small enough to work through by hand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attune/tokenizer.hpp"

namespace attune::testing {

struct TinyPiece {
  std::string_view bytes;
  float score = 0;
  bool has_row = true;
};

inline UnigramVocabulary vocabulary_of(const std::vector<TinyPiece>& pieces) {
  UnigramVocabulary vocabulary;
  std::int32_t rows = 0;
  for (const TinyPiece& piece : pieces) {
    vocabulary.piece_bytes += piece.bytes;
    vocabulary.piece_sizes.push_back(static_cast<std::uint8_t>(piece.bytes.size()));
    vocabulary.scores.push_back(piece.score);
    vocabulary.rows.push_back(piece.has_row ? rows++ : -1);
  }
  vocabulary.control_ids = {0, 1};
  vocabulary.unknown_id = 1;
  // A tab and an ideographic space become a space, a full-width A an A, "½" three characters, U+0001 nothing.
  vocabulary.map_from = {0x01, 0x09, 0xBD, 0x3000, 0xFF21, 0xFFFD};
  vocabulary.map_counts = {0, 1, 3, 1, 1, 1};
  vocabulary.map_to = {' ', '1', '/', '2', ' ', 'A', ' '};
  return vocabulary;
}

// full ids:      0 <s>, 1 <unk>, 2 ▁, 3 a, 4 b, 5 ab, 6 ▁a, 7 ▁ab (no row), 8 abab (no row), 9 A, 10 1, 11 /, 12 网,
//                13 网络, 14 络, 15 ▁abab
inline std::vector<TinyPiece> tiny_pieces() {
  return {{"<s>", 0}, {"<unk>", 0},       {"▁", -2},           {"a", -3},     {"b", -3}, {"ab", -4},
          {"▁a", -4}, {"▁ab", -5, false}, {"abab", -6, false}, {"A", -3},     {"1", -3}, {"/", -3},
          {"网", -5}, {"网络", -6},       {"络", -5},          {"▁abab", -20}};
}

inline std::unique_ptr<UnigramTokenizer> tokenizer_of(UnigramVocabulary vocabulary) {
  auto tokenizer = UnigramTokenizer::create(std::move(vocabulary));
  return tokenizer ? std::move(tokenizer).value() : nullptr;
}

}  // namespace attune::testing
