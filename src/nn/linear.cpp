#include <algorithm>
#include <cassert>
#include <cmath>

#include "attune/nn.hpp"

#include "nn/kernels/gelu.h"
#include "nn/packed_product.hpp"

namespace attune::nn {
namespace {

// Rows taken at a time. Quantised to 7 bits, 48 rows of 384 are 18 KB, which stay in the first-level cache next to a
// panel of weights, and the feed-forward part's middle of 1,536 is 72 KB.
constexpr std::size_t kRowsAtATime = 48;

void grow(std::vector<float>& memory, std::size_t size) {
  if (memory.size() < size) memory.resize(size);
}

void activate(GeluForm form, float* x, std::size_t n) {
  if (form == GeluForm::erf) return kernels::gelu(x, n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = 0.5F * x[i] * (1.0F + std::tanh(0.79788456F * (x[i] + 0.044715F * x[i] * x[i] * x[i])));
  }
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
    up_product.multiply_i8(scratch.rows, x.count, first, count, {scratch.inner.data(), count});
    activate(form, scratch.inner.data(), x.count * count);
    quantise_rows({.x = {scratch.inner.data(), count, x.count}, .first = first, .n = count, .whole = up.out()},
                  scratch.inner_rows);
  }
  down_product.multiply_i8(scratch.inner_rows, x.count, 0, down.out(), y);
}

void feed_forward_f32(const FeedForward& weights, const ConstRows& x, Scratch& scratch, const Rows& y) {
  const auto& [up, down, form] = weights;
  grow(scratch.inner, x.count * up.out());
  PackedProduct(up).multiply_f32(x, 0, up.out(), {scratch.inner.data(), up.out()});
  activate(form, scratch.inner.data(), x.count * up.out());
  PackedProduct(down).multiply_f32({scratch.inner.data(), up.out(), x.count}, 0, down.out(), y);
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
