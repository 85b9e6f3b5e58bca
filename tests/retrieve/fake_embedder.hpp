// An embedder that gives the vectors a test says, and none of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attune/embed.hpp"

namespace attune::testing {

class FakeEmbedder : public Embedder {
 public:
  FakeEmbedder(std::size_t dimension, std::map<std::string, std::vector<float>, std::less<>> vectors)
      : dimension_(dimension), vectors_(std::move(vectors)) {}

  std::optional<Error> failure;  // what embed() answers, if set

  Result<Embeddings> embed(std::span<const std::string_view> texts, EmbedRole, std::stop_token) const override {
    if (failure) return *failure;
    Embeddings embeddings;
    embeddings.dimension = dimension_;
    for (const auto text : texts) {
      const auto known = vectors_.find(text);
      if (known == vectors_.end()) return Error{ErrorKind::internal, "the test gave no vector"};
      embeddings.values.insert(embeddings.values.end(), known->second.begin(), known->second.end());
    }
    return embeddings;
  }
  [[nodiscard]] std::size_t dimension() const override { return dimension_; }
  [[nodiscard]] std::size_t max_tokens() const override { return 500; }
  [[nodiscard]] const std::string& identity() const override { return identity_; }
  [[nodiscard]] const Tokenizer& tokenizer() const override { return tokenizer_; }

 private:
  struct NoTokenizer : Tokenizer {
    [[nodiscard]] Encoding encode(std::string_view) const override { return {}; }
    [[nodiscard]] std::string_view piece(std::int32_t) const override { return ""; }
    [[nodiscard]] std::int32_t vocabulary_size() const override { return 0; }
  };
  std::size_t dimension_;
  std::map<std::string, std::vector<float>, std::less<>> vectors_;
  std::string identity_ = "fake@0";
  NoTokenizer tokenizer_;
};

}  // namespace attune::testing
