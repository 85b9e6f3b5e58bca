// The words of a text as a Unigram vocabulary sees them: normalised, each led by "▁", every character with the bytes of
// the original text that it stands for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"

#include "tokenizer/normalisation_map.hpp"
#include "tokenizer/piece_model.hpp"

namespace attune {

inline constexpr std::string_view kWordMark = "\xE2\x96\x81";  // "▁"

// `bytes` begin with kWordMark.
struct NormalisedWord : SpelledWord {
  std::vector<ByteSpan> sources;  // [characters] in the original text
};

// Reads a text once from left to right. A word is a run without spaces, so its length is bounded only by the text.
class WordReader {
 public:
  // Both must outlive the reader.
  WordReader(std::string_view text, const NormalisationMap& map) : text_(text), map_(map) {}

  // The next word, or false at the end. `word` keeps its memory from call to call.
  bool next(NormalisedWord& word);

 private:
  bool next_character();

  std::string_view text_;
  const NormalisationMap& map_;
  std::size_t offset_ = 0;                  // behind the code point at hand
  std::uint32_t code_point_ = 0;            // at hand
  ByteSpan source_;                         // its bytes
  std::span<const std::uint32_t> pending_;  // what it became and is not read yet
  std::uint32_t character_ = 0;             // the normalised character at hand
};

}  // namespace attune
