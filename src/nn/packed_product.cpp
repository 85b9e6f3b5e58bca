#include "nn/packed_product.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "nn/kernels/gemm_f32.h"
#include "nn/kernels/gemm_i8.h"
#include "nn/kernels/quantise.h"

namespace attune::nn {
namespace {

// Inputs that one pass of the FP32 product reads: 192 rows of a panel are 12 KB (AVX2), which stays in the first-level
// cache next to a tile's rows of x.
constexpr std::size_t kDepthBlock = 192;

}  // namespace

std::size_t quantisation_group() {
  return kernels::kQuantGroup;
}

std::size_t quantisation_groups(std::size_t n) {
  return (n + kernels::kQuantGroup - 1) / kernels::kQuantGroup;
}

void reserve_rows(QuantisedRows& to, std::size_t rows, std::size_t n) {
  const std::size_t groups = rows * quantisation_groups(n);
  if (to.scale.size() >= groups) return;
  to.q.resize(groups * kernels::kQuantGroup);
  to.scale.resize(groups);
  to.zero.resize(groups);
}

void quantise_rows(const QuantiseJob& job, QuantisedRows& to) {
  const std::size_t groups = quantisation_groups(job.whole);
  const std::size_t first_group = job.first / kernels::kQuantGroup;
  assert(job.first % kernels::kQuantGroup == 0 && to.scale.size() >= groups * job.x.count);
  for (std::size_t row = 0; row < job.x.count; ++row) {
    const std::size_t at = row * groups + first_group;
    kernels::quantise_row({.x = job.x.data + row * job.x.stride,
                           .factor = job.factor,
                           .q = to.q.data() + at * kernels::kQuantGroup,
                           .scale = to.scale.data() + at,
                           .zero = to.zero.data() + at,
                           .n = job.n});
  }
}

void PackedProduct::write_bias(std::size_t rows, std::size_t first, std::size_t count, const Rows& y) const {
  for (std::size_t row = 0; row < rows; ++row) {
    std::memcpy(y.data + row * y.stride, weights_.bias_.data() + first, count * sizeof(float));
  }
}

void PackedProduct::multiply_f32(const ConstRows& x, std::size_t first, std::size_t count, const Rows& y) const {
  write_bias(x.count, first, count, y);
  add_f32(x, first, count, y);
}

void PackedProduct::add_f32(const ConstRows& x, std::size_t first, std::size_t count, const Rows& y) const {
  const std::size_t wide = weights_.panel_columns_;
  for (std::size_t start = 0; start < weights_.in_; start += kDepthBlock) {
    const std::size_t depth = std::min(kDepthBlock, weights_.in_ - start);
    for (std::size_t column = 0; column < count; column += wide) {
      kernels::gemm_f32({.x = x.data + start,
                         .x_stride = x.stride,
                         .b = weights_.f32_.data() + (first + column) / wide * weights_.in_ * wide + start * wide,
                         .b_stride = wide,
                         .y = y.data + column,
                         .y_stride = y.stride,
                         .rows = x.count,
                         .depth = depth,
                         .columns = std::min(wide, count - column)});
    }
  }
}

void PackedProduct::multiply_i8(const QuantisedRows& x, std::size_t rows, std::size_t first, std::size_t count,
                                const Rows& y) const {
  write_bias(rows, first, count, y);
  const std::size_t wide = weights_.panel_columns_;
  const std::size_t groups = quantisation_groups(weights_.in_);
  for (std::size_t column = 0; column < count; column += wide) {
    const std::size_t panel = (first + column) / wide;
    kernels::gemm_i8({.x = x.q.data(),
                      .x_stride = groups * kernels::kQuantGroup,
                      .x_scale = x.scale.data(),
                      .x_zero = x.zero.data(),
                      .x_scale_stride = groups,
                      .w = weights_.i8_.data() + panel * groups * kernels::kQuantGroup * wide,
                      .w_scale = weights_.i8_scale_.data() + panel * groups * wide,
                      .w_sum = weights_.i8_sum_.data() + panel * groups * wide,
                      .y = y.data + column,
                      .y_stride = y.stride,
                      .rows = rows,
                      .groups = groups,
                      .columns = std::min(wide, count - column)});
  }
}

}  // namespace attune::nn
