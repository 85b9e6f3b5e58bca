// One word in several contexts: how self-attention makes different vectors of it (苹果 that is eaten, 苹果 that makes
// telephones).
//
// Part of the room `explain` (attune/explain.hpp). A word's state at a layer is the mean of its tokens' states; layer 0
// stands for the embeddings, which know no context. L layers, C contexts, K words to be like.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "attune/core/result.hpp"

namespace attune {

struct ContextRequest {
  std::string word;
  std::vector<std::string> texts;  // [C] at least one, each with the word
  std::vector<std::string> like;   // [K] what it may mean, read alone
};

struct ContextComparison {
  std::string model;
  ContextRequest request;
  std::size_t layers = 0;  // L
  // Cosines at each layer, 0 … L: of the word in each context and in the first one [L + 1, C], and of the word in each
  // context and each of `like` at the same layer [L + 1, C, K].
  std::vector<float> same;
  std::vector<float> like;

  [[nodiscard]] float like_at(std::size_t layer, std::size_t context, std::size_t word) const {
    return like[(layer * request.texts.size() + context) * request.like.size() + word];
  }
};

// `model`: an encoder's folder. Fails as Encoder::open, with bad_input if a text lacks the word, with too_large over
// kMaxExplainedTokens tokens.
Result<ContextComparison> compare_contexts(const std::filesystem::path& model, const ContextRequest& request);
std::string contexts_text(const ContextComparison& comparison);
std::string contexts_json(const ContextComparison& comparison);

}  // namespace attune
