#include "attune/nn/late_interaction.hpp"

#include <cassert>
#include <cmath>

#include "attune/core/dot_product.hpp"

#include "nn/kernels/softmax.h"

namespace attune::nn {
namespace {

float length_of(std::span<const float> row) {
  return std::sqrt(dot_product(row, row));
}

}  // namespace

void centre_rows(std::span<const float> x, std::span<const float> centre, std::span<float> out) {
  const std::size_t width = centre.size();
  assert(out.size() == x.size() && x.size() % width == 0);
  for (std::size_t start = 0; start < x.size(); start += width) {
    for (std::size_t i = 0; i < width; ++i) out[start + i] = x[start + i] - centre[i];
  }
}

float late_interaction(const LateInteraction& pair, LateMatches& matches) {
  const std::size_t width = pair.width;
  const std::size_t queries = pair.gate_logits.size();
  const std::size_t tokens = pair.passage.size() / width;
  assert(queries > 0 && tokens > 0);
  assert(pair.query.size() == queries * width && pair.passage.size() == tokens * width);
  matches.shares.assign(pair.gate_logits.begin(), pair.gate_logits.end());
  kernels::softmax(matches.shares.data(), queries, 1);
  matches.cosines.assign(queries, -2.0F);
  matches.best.assign(queries, 0);
  std::vector<float> lengths(queries);
  for (std::size_t i = 0; i < queries; ++i) lengths[i] = length_of(pair.query.subspan(i * width, width));
  for (std::size_t j = 0; j < tokens; ++j) {
    const std::span<const float> token = pair.passage.subspan(j * width, width);
    const float length = length_of(token);
    for (std::size_t i = 0; i < queries; ++i) {
      const float lengths_both = length * lengths[i];
      const float cosine =
          lengths_both > 0 ? dot_product(pair.query.subspan(i * width, width), token) / lengths_both : 0.0F;
      if (cosine <= matches.cosines[i]) continue;
      matches.cosines[i] = cosine;
      matches.best[i] = static_cast<std::uint32_t>(j);
    }
  }
  return dot_product(matches.shares, matches.cosines);
}

// With q̂ = q / |q|: d cos / d q = (p̂ − cos · q̂) / |q|, and d score / d logit_i = g_i (cos_i − score).
void late_interaction_backward(const LateInteraction& pair, const LateMatches& matches, float d_score,
                               std::span<float> d_query, std::span<float> d_logits) {
  const std::size_t width = pair.width;
  const float score = dot_product(matches.shares, matches.cosines);
  for (std::size_t i = 0; i < matches.shares.size(); ++i) {
    const float share = d_score * matches.shares[i];
    d_logits[i] += share * (matches.cosines[i] - score);
    if (d_query.empty()) continue;
    const std::span<const float> query = pair.query.subspan(i * width, width);
    const std::span<const float> token = pair.passage.subspan(matches.best[i] * width, width);
    const float query_length = length_of(query);
    const float token_length = length_of(token);
    if (query_length <= 0 || token_length <= 0) continue;
    const float along = matches.cosines[i] / query_length;
    for (std::size_t w = 0; w < width; ++w) {
      d_query[i * width + w] += share / query_length * (token[w] / token_length - along * query[w]);
    }
  }
}

}  // namespace attune::nn
