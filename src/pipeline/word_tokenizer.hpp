// WordTokenizer: stands in for the embedder's vocabulary when no embedder is loaded, so that documents can still be cut
// into passages of about the same size: one token for each character of Han and Kana, one for every four letters.
#pragma once

#include "attune/tokenizer.hpp"

namespace attune::pipeline {

class WordTokenizer final : public Tokenizer {
 public:
  [[nodiscard]] Encoding encode(std::string_view text) const override;
  [[nodiscard]] std::size_t count(std::string_view text) const override;
  [[nodiscard]] std::string_view piece(std::int32_t id) const override;
  [[nodiscard]] std::int32_t vocabulary_size() const override { return 1; }
};

}  // namespace attune::pipeline
