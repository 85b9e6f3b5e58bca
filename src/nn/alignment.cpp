// Encoder–decoder attention: scores by one of two formulas, then the same softmax and weighted sum for both.
#include "attune/nn/alignment.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "attune/core/dot_product.hpp"

#include "nn/affine.hpp"

namespace attune::nn {
namespace {

// Subtracting the peak keeps exp() finite: scores above 88 would overflow.
void softmax(std::span<const float> scores_j, std::span<float> weights_j) {
  const float peak = *std::max_element(scores_j.begin(), scores_j.end());
  float sum = 0;
  for (std::size_t j = 0; j < scores_j.size(); ++j) {
    weights_j[j] = std::exp(scores_j[j] - peak);
    sum += weights_j[j];
  }
  for (float& weight : weights_j) weight /= sum;
}

// c_i = Σ_j a_ij h_j
void weighted_sum(std::span<const float> weights_j, std::span<const float> values_jh, std::span<float> context_h) {
  std::fill(context_h.begin(), context_h.end(), 0.0F);
  for (std::size_t j = 0; j < weights_j.size(); ++j) {
    const std::span<const float> value_h = values_jh.subspan(j * context_h.size(), context_h.size());
    for (std::size_t k = 0; k < context_h.size(); ++k) context_h[k] += weights_j[j] * value_h[k];
  }
}

// The cells of all pairs' score matrices together.
std::size_t count_cells(std::span<const std::size_t> query_offsets, std::span<const std::size_t> key_offsets) {
  std::size_t cells = 0;
  for (std::size_t pair = 0; pair + 1 < query_offsets.size(); ++pair) {
    cells += (query_offsets[pair + 1] - query_offsets[pair]) * (key_offsets[pair + 1] - key_offsets[pair]);
  }
  return cells;
}

void prepare(AlignmentTrace& trace, const PackedRows& states_ms, const AlignmentMemory& memory) {
  const std::size_t cells = count_cells(states_ms.offsets, memory.keys.offsets);
  trace.scores_ij.resize(cells);
  trace.weights_ij.resize(cells);
  trace.compared_ija.clear();
}

// Runs all pairs; `score(query_a, key_a)` gives e_ij, called in the order of the trace's cells.
template <typename Score>
void align(const PackedRows& queries_ma, const AlignmentMemory& memory, std::span<float> contexts_mh,
           AlignmentTrace& trace, const Score& score) {
  const auto& query_offsets = queries_ma.offsets;
  const auto& key_offsets = memory.keys.offsets;
  assert(query_offsets.size() >= 2 && query_offsets.size() == key_offsets.size());
  if (query_offsets.back() == 0) return;
  assert(key_offsets.back() > 0);
  const std::size_t compared = memory.keys.rows.size() / key_offsets.back();
  const std::size_t width = memory.values.size() / key_offsets.back();
  assert(queries_ma.rows.size() == query_offsets.back() * compared);
  assert(contexts_mh.size() == query_offsets.back() * width);

  std::size_t row = 0;
  for (std::size_t pair = 0; pair + 1 < query_offsets.size(); ++pair) {
    const std::size_t first_key = key_offsets[pair];
    const std::size_t pair_keys = key_offsets[pair + 1] - first_key;
    for (std::size_t i = query_offsets[pair]; i < query_offsets[pair + 1]; ++i, row += pair_keys) {
      assert(pair_keys > 0);
      const std::span<float> scores_j = std::span(trace.scores_ij).subspan(row, pair_keys);
      const std::span<float> weights_j = std::span(trace.weights_ij).subspan(row, pair_keys);
      const std::span<const float> query_a = queries_ma.rows.subspan(i * compared, compared);
      for (std::size_t j = 0; j < pair_keys; ++j) {
        scores_j[j] = score(query_a, memory.keys.rows.subspan((first_key + j) * compared, compared));
      }
      softmax(scores_j, weights_j);
      weighted_sum(weights_j, memory.values.subspan(first_key * width, pair_keys * width),
                   contexts_mh.subspan(i * width, width));
    }
  }
}

// y = x · weightᵀ + bias for each row of x.
void affine_rows(const LinearWeights& weights, std::span<const float> x_ri, std::span<float> y_ro) {
  const std::size_t out = weights.bias.size();
  const std::size_t in = weights.weight.size() / out;
  const std::size_t rows = x_ri.size() / in;
  assert(x_ri.size() == rows * in && y_ro.size() == rows * out);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t k = 0; k < out; ++k) y_ro[row * out + k] = affine(weights, k, x_ri.subspan(row * in, in));
  }
}

}  // namespace

void additive_keys(const AdditiveAlignmentWeights& weights, std::span<const float> states_nh,
                   std::span<float> keys_na) {
  affine_rows(weights.key, states_nh, keys_na);
}

void additive_alignment(const AdditiveAlignmentWeights& weights, const PackedRows& states_ms,
                        const AlignmentMemory& memory, std::span<float> contexts_mh, AlignmentTrace* trace) {
  const std::size_t width = weights.compare.size();
  AlignmentTrace forgotten;
  AlignmentTrace& kept = trace != nullptr ? *trace : forgotten;
  kept.queries_ma.resize(states_ms.offsets.back() * width);
  affine_rows(weights.query, states_ms.rows, kept.queries_ma);
  std::vector<float> compared_a(width);
  prepare(kept, states_ms, memory);
  align({kept.queries_ma, states_ms.offsets}, memory, contexts_mh, kept,
        [&](std::span<const float> query_a, std::span<const float> key_a) {
          for (std::size_t k = 0; k < width; ++k) compared_a[k] = std::tanh(query_a[k] + key_a[k]);
          if (trace != nullptr) kept.compared_ija.insert(kept.compared_ija.end(), compared_a.begin(), compared_a.end());
          return dot_product(weights.compare, compared_a);
        });
}

void dot_product_alignment(float scale, const PackedRows& states_ms, const AlignmentMemory& memory,
                           std::span<float> contexts_mh, AlignmentTrace* trace) {
  AlignmentTrace forgotten;
  AlignmentTrace& kept = trace != nullptr ? *trace : forgotten;
  prepare(kept, states_ms, memory);
  if (trace != nullptr) kept.queries_ma.assign(states_ms.rows.begin(), states_ms.rows.end());
  align(states_ms, memory, contexts_mh, kept, [&](std::span<const float> query_a, std::span<const float> key_a) {
    return scale * dot_product(query_a, key_a);
  });
}

}  // namespace attune::nn
