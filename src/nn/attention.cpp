#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "attune/nn.hpp"
#include "attune/nn/training.hpp"

#include "nn/kernels/gemm_f32.h"
#include "nn/kernels/softmax.h"

namespace attune::nn {
namespace {

// Queries taken at a time: scores of 48 queries over 512 keys are 96 KB, which stays in the second-level cache.
constexpr std::size_t kQueryRows = 48;

// One head of one sequence. T tokens, Q queries, D numbers a head. Padded: up to whole panels.
struct Head {
  const float* q;   // [Q, D], rows `width` apart
  const float* kv;  // [T, D], rows 2 · `width` apart: the key; the value stands `width` further on
  float* out;       // [Q, D], rows `width` apart
  float* weights;   // [Q, T] or null
  std::size_t width;
  std::size_t size;     // D
  std::size_t queries;  // Q
  std::size_t tokens;   // T
};

std::size_t padded(std::size_t n, std::size_t wide) {
  return (n + wide - 1) / wide * wide;
}

// R rows of one head, D numbers each, `stride` apart.
struct HeadRows {
  const float* data;
  std::size_t stride;
  std::size_t count;  // R
  std::size_t size;   // D
};

// Rows as panels [R / wide, D, wide]: b of a product x · rowsᵀ in kernels::GemmF32, filled up with zeros.
void pack_transposed(const HeadRows& rows, std::size_t wide, std::vector<float>& to) {
  to.assign(padded(rows.count, wide) * rows.size, 0.0F);
  for (std::size_t r = 0; r < rows.count; ++r) {
    const float* from = rows.data + r * rows.stride;
    float* out = to.data() + r / wide * wide * rows.size + r % wide;
    for (std::size_t d = 0; d < rows.size; ++d) out[d * wide] = from[d];
  }
}

// Rows as panels [D / wide, R, wide]: b of a product x · rows.
void pack_as_they_are(const HeadRows& rows, std::size_t wide, std::vector<float>& to) {
  to.assign(padded(rows.size, wide) * rows.count, 0.0F);
  for (std::size_t r = 0; r < rows.count; ++r) {
    for (std::size_t d = 0; d < rows.size; d += wide) {
      std::memcpy(to.data() + d * rows.count + r * wide, rows.data + r * rows.stride + d,
                  std::min(wide, rows.size - d) * sizeof(float));
    }
  }
}

// Queries first … first + count - 1.
void attend(const Head& head, std::size_t first, std::size_t count, Scratch& scratch) {
  const std::size_t wide = kernels::panel_columns_f32();
  const std::size_t stride = padded(head.tokens, wide);
  if (scratch.scores.size() < count * stride) scratch.scores.resize(count * stride);
  float* scores = scratch.scores.data();  // [count, T], rows `stride` apart
  for (std::size_t t = 0; t < head.tokens; t += wide) {
    kernels::gemm_f32({.x = head.q + first * head.width,
                       .x_stride = head.width,
                       .b = scratch.keys.data() + t * head.size,
                       .b_stride = wide,
                       .y = scores + t,
                       .y_stride = stride,
                       .rows = count,
                       .depth = head.size,
                       .columns = wide,
                       .add = false});
  }
  const float scale = 1.0F / std::sqrt(static_cast<float>(head.size));
  float sums[kQueryRows];
  for (std::size_t row = 0; row < count; ++row) {
    sums[row] = kernels::exp_row(scores + row * stride, head.tokens, scale);
  }
  for (std::size_t d = 0; d < head.size; d += wide) {
    kernels::gemm_f32({.x = scores,
                       .x_stride = stride,
                       .b = scratch.values.data() + d * head.tokens,
                       .b_stride = wide,
                       .y = head.out + first * head.width + d,
                       .y_stride = head.width,
                       .rows = count,
                       .depth = head.tokens,
                       .columns = std::min(wide, head.size - d),
                       .add = false});
  }
  for (std::size_t row = 0; row < count; ++row) {
    const float share = 1.0F / sums[row];
    float* out = head.out + (first + row) * head.width;
    for (std::size_t d = 0; d < head.size; ++d) out[d] *= share;
    if (head.weights == nullptr) continue;
    float* weights = head.weights + (first + row) * head.tokens;
    for (std::size_t t = 0; t < head.tokens; ++t) weights[t] = scores[row * stride + t] * share;
  }
}

}  // namespace

void self_attention(const SelfAttention& job, Scratch& scratch) {
  const std::size_t tokens = job.kv.size() / (2 * job.width);
  const std::size_t queries = job.q.size() / job.width;
  const std::size_t head_size = job.width / job.heads;
  assert(job.kv.size() == tokens * 2 * job.width && job.out.size() == job.q.size());
  assert(tokens > 0 || queries == 0);
  assert(head_size * job.heads == job.width);
  assert(job.weights.empty() || job.weights.size() == job.heads * queries * tokens);
  for (std::size_t h = 0; h < job.heads; ++h) {
    const Head head = {.q = job.q.data() + h * head_size,
                       .kv = job.kv.data() + h * head_size,
                       .out = job.out.data() + h * head_size,
                       .weights = job.weights.empty() ? nullptr : job.weights.data() + h * queries * tokens,
                       .width = job.width,
                       .size = head_size,
                       .queries = queries,
                       .tokens = tokens};
    const std::size_t wide = kernels::panel_columns_f32();
    pack_transposed({head.kv, 2 * job.width, tokens, head_size}, wide, scratch.keys);
    pack_as_they_are({head.kv + job.width, 2 * job.width, tokens, head_size}, wide, scratch.values);
    for (std::size_t first = 0; first < queries; first += kQueryRows) {
      attend(head, first, std::min(kQueryRows, queries - first), scratch);
    }
  }
}

namespace {

// One head's backward pass: what the panels in the scratch belong to.
struct HeadBackward {
  const SelfAttentionBackward& job;
  std::size_t head;
  std::size_t size;     // D
  std::size_t queries;  // Q
  std::size_t tokens;   // T
};

// Queries first … first + count - 1: a_qt = softmax_t(q_q · k_t / √D) and out_q = Σ_t a_qt v_t.
void attend_backward(const HeadBackward& part, std::size_t first, std::size_t count, BackwardScratch& scratch) {
  const auto& [job, head, size, queries, tokens] = part;
  const std::size_t wide = kernels::panel_columns_f32();
  const std::size_t width = job.width;
  const std::size_t at = first * width + head * size;  // in q, out and their gradients
  // Not a power of two: numbers below each other would share a few places of the first-level cache.
  const std::size_t stride = padded(tokens, wide) + wide;
  if (scratch.d_scores.size() < count * stride) scratch.d_scores.resize(count * stride);
  float* d_scores = scratch.d_scores.data();
  // d_a_qt = d_out_q · v_t
  for (std::size_t t = 0; t < tokens; t += wide) {
    kernels::gemm_f32({.x = job.d_out.data() + at,
                       .x_stride = width,
                       .b = scratch.bands.data() + t * size,
                       .b_stride = wide,
                       .y = d_scores + t,
                       .y_stride = stride,
                       .rows = count,
                       .depth = size,
                       .columns = wide,
                       .add = false});
  }
  const float* weights = job.weights.data() + (head * queries + first) * tokens;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  for (std::size_t row = 0; row < count; ++row) {
    kernels::softmax_backward(weights + row * tokens, d_scores + row * stride, tokens, scale);
  }
  for (std::size_t d = 0; d < size; d += wide) {
    const std::size_t columns = std::min(wide, size - d);
    // d_q_q += Σ_t d_s_qt k_t
    kernels::gemm_f32({.x = d_scores,
                       .x_stride = stride,
                       .b = scratch.panels.data() + d * tokens,
                       .b_stride = wide,
                       .y = job.d_q.data() + at + d,
                       .y_stride = width,
                       .rows = count,
                       .depth = tokens,
                       .columns = columns});
    // d_k_t += Σ_q d_s_qt q_q
    kernels::gemm_f32({.x = d_scores,
                       .x_stride = 1,
                       .x_step = stride,
                       .b = scratch.queries.data() + d * queries + first * wide,
                       .b_stride = wide,
                       .y = job.d_kv.data() + head * size + d,
                       .y_stride = 2 * width,
                       .rows = tokens,
                       .depth = count,
                       .columns = columns});
    // d_v_t += Σ_q a_qt d_out_q
    kernels::gemm_f32({.x = weights,
                       .x_stride = 1,
                       .x_step = tokens,
                       .b = scratch.d_out.data() + d * queries + first * wide,
                       .b_stride = wide,
                       .y = job.d_kv.data() + width + head * size + d,
                       .y_stride = 2 * width,
                       .rows = tokens,
                       .depth = count,
                       .columns = columns});
  }
}

}  // namespace

void self_attention_backward(const SelfAttentionBackward& job, BackwardScratch& scratch) {
  const std::size_t tokens = job.kv.size() / (2 * job.width);
  const std::size_t queries = job.q.size() / job.width;
  const std::size_t size = job.width / job.heads;
  const std::size_t wide = kernels::panel_columns_f32();
  assert(job.kv.size() == tokens * 2 * job.width && job.q.size() == queries * job.width);
  assert(size * job.heads == job.width && job.weights.size() == job.heads * queries * tokens);
  assert(job.d_out.size() == job.q.size() && job.d_q.size() == job.q.size() && job.d_kv.size() == job.kv.size());
  for (std::size_t head = 0; head < job.heads; ++head) {
    const float* key = job.kv.data() + head * size;
    pack_as_they_are({key, 2 * job.width, tokens, size}, wide, scratch.panels);
    pack_transposed({key + job.width, 2 * job.width, tokens, size}, wide, scratch.bands);
    pack_as_they_are({job.q.data() + head * size, job.width, queries, size}, wide, scratch.queries);
    pack_as_they_are({job.d_out.data() + head * size, job.width, queries, size}, wide, scratch.d_out);
    for (std::size_t first = 0; first < queries; first += kQueryRows) {
      attend_backward({job, head, size, queries, tokens}, first, std::min(kQueryRows, queries - first), scratch);
    }
  }
}

}  // namespace attune::nn
