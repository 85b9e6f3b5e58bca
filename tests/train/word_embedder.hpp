// An embedder that needs no model: texts are near each other when they use the same words, however they are spelled
// in case. What the tests want to be near or far, they say with words.
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <string_view>

#include "attune/embed.hpp"

namespace attune::train::testing {

class WordEmbedder : public Embedder {
 public:
  static constexpr std::size_t kDimension = 64;

  Result<Embeddings> embed(std::span<const std::string_view> texts, EmbedRole, std::stop_token stop) const override {
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped"};
    ++calls;
    Embeddings made;
    made.dimension = kDimension;
    for (const std::string_view text : texts) {
      std::vector<float> row(kDimension, 0.01F);
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        std::size_t hash = 7;
        for (const char letter : text.substr(begin, end - begin)) {
          hash = hash * 31 + static_cast<unsigned char>(letter | 0x20);
        }
        row[hash % kDimension] += 1;
        begin = end + 1;
      }
      float length = 0;
      for (const float value : row) length += value * value;
      for (const float value : row) made.values.push_back(value / std::sqrt(length));
    }
    return made;
  }
  [[nodiscard]] std::size_t dimension() const override { return kDimension; }
  [[nodiscard]] std::size_t max_tokens() const override { return 500; }
  [[nodiscard]] const std::string& identity() const override { return identity_; }
  [[nodiscard]] const Tokenizer& tokenizer() const override { return tokenizer_; }

  mutable int calls = 0;

 private:
  class NoTokenizer : public Tokenizer {
   public:
    [[nodiscard]] Encoding encode(std::string_view) const override { return {}; }
    [[nodiscard]] std::string_view piece(std::int32_t) const override { return ""; }
    [[nodiscard]] std::int32_t vocabulary_size() const override { return 0; }
  };

  std::string identity_ = "words@0";
  NoTokenizer tokenizer_;
};

}  // namespace attune::train::testing
