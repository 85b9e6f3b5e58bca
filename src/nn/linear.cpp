#include <algorithm>
#include <cassert>

#include "attune/nn.hpp"
#include "attune/nn/training.hpp"

#include "nn/kernels/gemm_f32.h"
#include "nn/packed_product.hpp"

namespace attune::nn {
namespace {

// Rows taken at a time. Quantised to 7 bits, 48 rows of 384 are 18 KB, which stay in the first-level cache next to a
// panel of weights, and the feed-forward part's middle of 1,536 is 72 KB.
constexpr std::size_t kRowsAtATime = 48;

void grow(std::vector<float>& memory, std::size_t size) {
  if (memory.size() < size) memory.resize(size);
}

// The middle is made in pieces as wide as a quantisation group, each quantised while it is still in the cache.
void feed_forward_i8(const FeedForward& weights, const ConstRows& x, Scratch& scratch, const Rows& y) {
  const auto& [up, down, form] = weights;
  const PackedProduct up_product(up);
  const PackedProduct down_product(down);
  const std::size_t piece = quantisation_group();
  reserve_rows(scratch.rows, x.count, up.in());
  reserve_rows(scratch.inner_rows, x.count, up.out());
  grow(scratch.inner, x.count * piece);
  quantise_rows({.x = x, .n = up.in(), .whole = up.in(), .factor = up_product.factor()}, scratch.rows);
  for (std::size_t first = 0; first < up.out(); first += piece) {
    const std::size_t count = std::min(piece, up.out() - first);
    const std::span<float> middle = std::span(scratch.inner).first(x.count * count);
    up_product.multiply_i8(scratch.rows, x.count, first, count, {middle.data(), count});
    gelu(form, middle, middle);
    quantise_rows({.x = {middle.data(), count, x.count}, .first = first, .n = count, .whole = up.out()},
                  scratch.inner_rows);
  }
  down_product.multiply_i8(scratch.inner_rows, x.count, 0, down.out(), y);
}

void feed_forward_f32(const FeedForward& weights, const ConstRows& x, Scratch& scratch, const Rows& y) {
  const auto& [up, down, form] = weights;
  grow(scratch.inner, x.count * up.out());
  const std::span<float> middle = std::span(scratch.inner).first(x.count * up.out());
  PackedProduct(up).multiply_f32(x, 0, up.out(), {middle.data(), up.out()});
  gelu(form, middle, middle);
  PackedProduct(down).multiply_f32({middle.data(), up.out(), x.count}, 0, down.out(), y);
}

// Of d_weight += d_yᵀ · x. As many tokens at a time as let a panel of x (16 KB on AVX2) stay in the first-level cache
// next to one band of d_y (12 KB), and the bands of as many outputs (96 KB) in the second-level cache.
constexpr std::size_t kTokensAtATime = 256;
constexpr std::size_t kOutputsAtATime = 96;
// Outputs of a band stand next to each other for each token: d_yᵀ without transposing. A multiple of the tiles' rows.
constexpr std::size_t kBandOutputs = 12;

// Columns first … first + count - 1 of `rows` as bands [count / wide, rows, wide]; the last one is filled up with
// zeros.
void pack_bands(const ConstRows& rows, std::size_t count, std::size_t wide, std::vector<float>& to) {
  const std::size_t bands = (count + wide - 1) / wide;
  grow(to, bands * rows.count * wide);
  for (std::size_t band = 0; band < bands; ++band) {
    const std::size_t columns = std::min(wide, count - band * wide);
    float* out = to.data() + band * rows.count * wide;
    for (std::size_t row = 0; row < rows.count; ++row, out += wide) {
      std::copy_n(rows.data + row * rows.stride + band * wide, columns, out);
      std::fill_n(out + columns, wide - columns, 0.0F);
    }
  }
}

// d_weight += d_yᵀ · x for the tokens of x and d_y. Every number is one chain of sums in the order of tokens, however
// tokens are cut into calls.
void add_weight_gradient(const ConstRows& x, const ConstRows& d_y, std::span<float> d_weight_oi,
                         BackwardScratch& scratch) {
  const std::size_t in = x.stride;
  const std::size_t out = d_y.stride;
  const std::size_t wide = kernels::panel_columns_f32();
  pack_bands(x, in, wide, scratch.panels);
  for (std::size_t first = 0; first < out; first += kOutputsAtATime) {
    const std::size_t outputs = std::min(kOutputsAtATime, out - first);
    pack_bands({d_y.data + first, d_y.stride, d_y.count}, outputs, kBandOutputs, scratch.bands);
    for (std::size_t i = 0; i < in; i += wide) {
      for (std::size_t o = 0; o < outputs; o += kBandOutputs) {
        kernels::gemm_f32({.x = scratch.bands.data() + o * d_y.count,
                           .x_stride = 1,
                           .x_step = kBandOutputs,
                           .b = scratch.panels.data() + i * x.count,
                           .b_stride = wide,
                           .y = d_weight_oi.data() + (first + o) * in + i,
                           .y_stride = in,
                           .rows = std::min(kBandOutputs, outputs - o),
                           .depth = x.count,
                           .columns = std::min(wide, in - i)});
      }
    }
  }
}

void add_rows(const ConstRows& rows, std::span<float> sum) {
  for (std::size_t row = 0; row < rows.count; ++row) {
    const float* from = rows.data + row * rows.stride;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += from[i];
  }
}

}  // namespace

void linear(const PackedLinear& weights, std::span<const float> x_ti, Scratch& scratch, std::span<float> y_to) {
  const std::size_t in = weights.in();
  const std::size_t out = weights.out();
  const std::size_t tokens = x_ti.size() / in;
  assert(x_ti.size() == tokens * in && y_to.size() == tokens * out);
  const PackedProduct product(weights);
  for (std::size_t first = 0; first < tokens; first += kRowsAtATime) {
    const ConstRows x = {x_ti.data() + first * in, in, std::min(kRowsAtATime, tokens - first)};
    const Rows y = {y_to.data() + first * out, out};
    if (!product.is_i8()) {
      product.multiply_f32(x, 0, out, y);
      continue;
    }
    reserve_rows(scratch.rows, x.count, in);
    quantise_rows({.x = x, .n = in, .whole = in, .factor = product.factor()}, scratch.rows);
    product.multiply_i8(scratch.rows, x.count, 0, out, y);
  }
}

void TrainableLinear::pack(const LinearWeights& weights) {
  forward.repack(weights);
  backward.repack_transposed(weights);
}

// y_to = Σ_i x_ti · w_oi + b_o, so d_x_ti = Σ_o d_y_to · w_oi, d_w_oi = Σ_t d_y_to · x_ti and d_b_o = Σ_t d_y_to.
void linear_backward(const LinearBackward& job, BackwardScratch& scratch) {
  const std::size_t out = job.transposed.in();
  const std::size_t in = job.transposed.out();
  const std::size_t tokens = job.d_y.size() / out;
  assert(job.d_y.size() == tokens * out && (job.d_x.empty() || job.d_x.size() == tokens * in));
  assert(job.gradients.bias.empty() || job.gradients.bias.size() == out);
  assert(job.gradients.weight.empty() || (job.gradients.weight.size() == in * out && job.x.size() == tokens * in));
  const PackedProduct product(job.transposed);
  for (std::size_t first = 0; first < tokens && !job.d_x.empty(); first += kRowsAtATime) {
    product.add_f32({job.d_y.data() + first * out, out, std::min(kRowsAtATime, tokens - first)}, 0, in,
                    {job.d_x.data() + first * in, in});
  }
  for (std::size_t first = 0; first < tokens; first += kTokensAtATime) {
    const std::size_t count = std::min(kTokensAtATime, tokens - first);
    const ConstRows d_y = {job.d_y.data() + first * out, out, count};
    if (!job.gradients.bias.empty()) add_rows(d_y, job.gradients.bias);
    if (job.gradients.weight.empty()) continue;
    add_weight_gradient({job.x.data() + first * in, in, count}, d_y, job.gradients.weight, scratch);
  }
}

void feed_forward(const FeedForward& weights, std::span<const float> x_tw, Scratch& scratch, std::span<float> y_tw) {
  const std::size_t in = weights.up.in();
  const std::size_t out = weights.down.out();
  const std::size_t tokens = x_tw.size() / in;
  assert(weights.up.out() == weights.down.in() && y_tw.size() == tokens * out);
  assert(weights.up.precision() == weights.down.precision());
  const auto part = weights.up.precision() == Precision::i8 ? feed_forward_i8 : feed_forward_f32;
  for (std::size_t first = 0; first < tokens; first += kRowsAtATime) {
    const std::size_t rows = std::min(kRowsAtATime, tokens - first);
    part(weights, {x_tw.data() + first * in, in, rows}, scratch, {y_tw.data() + first * out, out});
  }
}

}  // namespace attune::nn
