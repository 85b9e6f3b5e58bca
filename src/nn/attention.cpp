#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "attune/nn.hpp"

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

// Keys as panels [T / wide, D, wide], values as panels [D / wide, T, wide]: the form of kernels::GemmF32's b, filled up
// with zeros.
void pack_panels(const Head& head, std::size_t wide, Scratch& scratch) {
  scratch.keys.assign(padded(head.tokens, wide) * head.size, 0.0F);
  scratch.values.assign(padded(head.size, wide) * head.tokens, 0.0F);
  for (std::size_t t = 0; t < head.tokens; ++t) {
    const float* key = head.kv + t * 2 * head.width;
    const float* value = key + head.width;
    float* to = scratch.keys.data() + t / wide * wide * head.size + t % wide;
    for (std::size_t d = 0; d < head.size; ++d) to[d * wide] = key[d];
    for (std::size_t d = 0; d < head.size; d += wide) {
      std::memcpy(scratch.values.data() + (d * head.tokens) + t * wide, value + d,
                  std::min(wide, head.size - d) * sizeof(float));
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
  assert(job.kv.size() == tokens * 2 * job.width && job.out.size() == job.q.size() && queries <= tokens);
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
    pack_panels(head, kernels::panel_columns_f32(), scratch);
    for (std::size_t first = 0; first < queries; first += kQueryRows) {
      attend(head, first, std::min(kQueryRows, queries - first), scratch);
    }
  }
}

}  // namespace attune::nn
