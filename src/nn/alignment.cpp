// Encoder–decoder attention: scores by one of two formulas, then the same softmax and weighted sum for both.
#include "attune/nn/alignment.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "attune/core/dot_product.hpp"

#include "nn/affine.hpp"
#include "nn/kernels/softmax.h"

namespace attune::nn {
namespace {

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
      std::copy(scores_j.begin(), scores_j.end(), weights_j.begin());
      kernels::softmax(weights_j.data(), pair_keys, 1);
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

namespace {

// d_x += factor · y
void add_scaled(float factor, std::span<const float> y, std::span<float> d_x) {
  for (std::size_t k = 0; k < d_x.size(); ++k) d_x[k] += factor * y[k];
}

// c_i = Σ_j a_ij h_j and a_i = softmax(e_i): adds to d_values and calls `scored(cell, i, j, d_e_ij)` for each cell of
// the trace, in its order.
template <typename Scored>
void align_backward(const AlignmentBackward& job, const Scored& scored) {
  const auto& query_offsets = job.states_ms.offsets;
  const auto& key_offsets = job.memory.keys.offsets;
  assert(query_offsets.size() >= 2 && query_offsets.size() == key_offsets.size());
  if (query_offsets.back() == 0) return;
  const std::size_t width = job.memory.values.size() / key_offsets.back();
  assert(job.d_contexts_mh.size() == query_offsets.back() * width);
  assert(job.d_values_nh.empty() || job.d_values_nh.size() == job.memory.values.size());
  std::vector<float> d_scores;
  std::size_t row = 0;
  for (std::size_t pair = 0; pair + 1 < query_offsets.size(); ++pair) {
    const std::size_t first_key = key_offsets[pair];
    const std::size_t pair_keys = key_offsets[pair + 1] - first_key;
    d_scores.resize(pair_keys);
    for (std::size_t i = query_offsets[pair]; i < query_offsets[pair + 1]; ++i, row += pair_keys) {
      const std::span<const float> weights_j = std::span(job.trace.weights_ij).subspan(row, pair_keys);
      const std::span<const float> d_context_h = job.d_contexts_mh.subspan(i * width, width);
      for (std::size_t j = 0; j < pair_keys; ++j) {
        const std::size_t at = (first_key + j) * width;
        d_scores[j] = dot_product(d_context_h, job.memory.values.subspan(at, width));
        if (!job.d_weights_ij.empty()) d_scores[j] += job.d_weights_ij[row + j];
        if (job.d_values_nh.empty()) continue;
        add_scaled(weights_j[j], d_context_h, job.d_values_nh.subspan(at, width));
      }
      kernels::softmax_backward(weights_j.data(), d_scores.data(), pair_keys, 1);
      for (std::size_t j = 0; j < pair_keys; ++j) scored(row + j, i, first_key + j, d_scores[j]);
    }
  }
}

// Row `index` of a matrix, or nothing of an empty one.
std::span<float> row_of(std::span<float> matrix, std::size_t index, std::size_t width) {
  return matrix.empty() ? matrix : matrix.subspan(index * width, width);
}

}  // namespace

// e_ij = v · t_ij, t_ij = tanh(q_i + k_j), q_i = s_i W: tanh' = 1 - t².
void additive_alignment_backward(const AdditiveAlignmentWeights& weights, const AlignmentBackward& job,
                                 const AdditiveAlignmentGradients& gradients, BackwardScratch& scratch) {
  const std::size_t width = weights.compare.size();
  std::vector<float> d_queries(job.trace.queries_ma.size());
  std::vector<float> d_compared(width);
  assert(job.trace.compared_ija.size() == job.trace.weights_ij.size() * width);
  align_backward(job, [&](std::size_t cell, std::size_t i, std::size_t j, float d_score) {
    const std::span<const float> compared_a = std::span(job.trace.compared_ija).subspan(cell * width, width);
    for (std::size_t k = 0; k < width; ++k) {
      d_compared[k] = d_score * weights.compare[k] * (1.0F - compared_a[k] * compared_a[k]);
    }
    add_scaled(d_score, compared_a, gradients.compare);
    add_scaled(1, d_compared, row_of(d_queries, i, width));
    add_scaled(1, d_compared, row_of(job.d_keys_na, j, width));
  });
  PackedLinear back;
  back.repack_transposed(weights.query);
  linear_backward({.transposed = back,
                   .x = job.states_ms.rows,
                   .d_y = d_queries,
                   .d_x = job.d_states_ms,
                   .gradients = gradients.query},
                  scratch);
}

// k_j = h_j U
void additive_keys_backward(const AdditiveAlignmentWeights& weights, const AdditiveKeysBackward& job,
                            BackwardScratch& scratch) {
  PackedLinear back;
  back.repack_transposed(weights.key);
  linear_backward({.transposed = back,
                   .x = job.states_nh,
                   .d_y = job.d_keys_na,
                   .d_x = job.d_states_nh,
                   .gradients = job.gradients},
                  scratch);
}

// e_ij = scale · (s_i · k_j)
void dot_product_alignment_backward(float scale, const AlignmentBackward& job) {
  if (job.states_ms.offsets.back() == 0) return;
  const std::size_t width = job.states_ms.rows.size() / job.states_ms.offsets.back();
  align_backward(job, [&](std::size_t, std::size_t i, std::size_t j, float d_score) {
    add_scaled(scale * d_score, job.memory.keys.rows.subspan(j * width, width), row_of(job.d_states_ms, i, width));
    add_scaled(scale * d_score, job.states_ms.rows.subspan(i * width, width), row_of(job.d_keys_na, j, width));
  });
}

}  // namespace attune::nn
