// Packing: FP32 rows of weights become panels that the kernels read from front to back.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "attune/nn.hpp"

#include "nn/kernels/gemm_f32.h"
#include "nn/kernels/gemm_i8.h"
#include "nn/kernels/round_weights.h"
#include "nn/packed_product.hpp"

namespace attune::nn {
namespace {

// What inputs are multiplied with before they are rounded, so that columns with large inputs do not take the whole
// range (SmoothQuant, half of the difficulty moved to the weights): √(largest weight / range), the median taken as 1.
std::vector<float> input_factors(std::span<const float> weight, std::span<const float> range) {
  const std::size_t in = range.size();
  std::vector<float> factor(in, 1e-6F);
  for (std::size_t start = 0; start < weight.size(); start += in) {
    for (std::size_t i = 0; i < in; ++i) factor[i] = std::max(factor[i], std::abs(weight[start + i]));
  }
  for (std::size_t i = 0; i < in; ++i) factor[i] = std::sqrt(factor[i] / std::max(range[i], 1e-6F));
  std::vector<float> sorted = factor;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(in / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  // Bounded, so that one dead column cannot blow up the rounding of the others.
  for (float& value : factor) value = std::clamp(value / *middle, 0.02F, 20.0F);
  return factor;
}

}  // namespace

PackedLinear PackedLinear::pack(const LinearWeights& weights, Precision precision, std::span<const float> range) {
  PackedLinear packed;
  if (precision == Precision::f32) {
    packed.repack(weights);
    return packed;
  }
  packed.precision_ = precision;
  packed.out_ = weights.bias.size();
  packed.in_ = weights.weight.size() / packed.out_;
  assert(packed.in_ * packed.out_ == weights.weight.size() && (range.empty() || range.size() == packed.in_));
  packed.bias_.assign(weights.bias.begin(), weights.bias.end());
  packed.pack_i8(weights.weight, range);
  return packed;
}

std::size_t PackedLinear::bytes() const {
  return i8_.size() + sizeof(float) * (bias_.size() + f32_.size() + i8_scale_.size() + i8_sum_.size() + factor_.size());
}

// Columns behind the last output stay zero, so they need no zeroing when the shape is the same again.
void PackedLinear::shape_f32(std::size_t in, std::size_t out) {
  const std::size_t wide = kernels::panel_columns_f32();
  const std::size_t size = (out + wide - 1) / wide * wide * in;
  assert(precision_ == Precision::f32);
  if (in_ == in && out_ == out && panel_columns_ == wide && f32_.size() == size) return;
  in_ = in;
  out_ = out;
  panel_columns_ = wide;
  f32_.assign(size, 0.0F);
}

void PackedLinear::pack_f32(std::span<const float> weight) {
  const std::size_t wide = panel_columns_;
  for (std::size_t first = 0; first < out_; first += wide) {
    const std::size_t count = std::min(wide, out_ - first);
    float* panel = f32_.data() + first * in_;
    for (std::size_t i = 0; i < in_; ++i) {
      for (std::size_t o = 0; o < count; ++o) panel[i * wide + o] = weight[(first + o) * in_ + i];
    }
  }
}

void PackedLinear::repack(const LinearWeights& weights) {
  const std::size_t out = weights.bias.size();
  shape_f32(weights.weight.size() / out, out);
  assert(in_ * out_ == weights.weight.size());
  bias_.assign(weights.bias.begin(), weights.bias.end());
  pack_f32(weights.weight);
}

void PackedLinear::repack_transposed(const LinearWeights& weights) {
  const std::size_t in = weights.bias.size();  // of this product, which runs the other way
  shape_f32(in, weights.weight.size() / in);
  assert(in_ * out_ == weights.weight.size());
  bias_.assign(out_, 0.0F);
  const std::size_t wide = panel_columns_;
  for (std::size_t i = 0; i < in_; ++i) {
    const float* row = weights.weight.data() + i * out_;
    for (std::size_t o = 0; o < out_; o += wide) {
      std::memcpy(f32_.data() + o * in_ + i * wide, row + o, std::min(wide, out_ - o) * sizeof(float));
    }
  }
}

void PackedLinear::pack_i8(std::span<const float> weight, std::span<const float> range) {
  constexpr std::size_t kGroup = kernels::kQuantGroup;
  const std::size_t wide = panel_columns_ = kernels::panel_columns_i8();
  const std::size_t groups = quantisation_groups(in_);
  const std::size_t panels = (out_ + wide - 1) / wide;
  i8_.resize(panels * groups * kGroup * wide);
  i8_scale_.resize(panels * groups * wide);
  i8_sum_.resize(panels * groups * wide);
  if (out_ % wide != 0) {  // outputs that are not there
    const std::size_t last = (panels - 1) * groups * wide;
    std::fill(i8_.begin() + static_cast<std::ptrdiff_t>(last * kGroup), i8_.end(), std::int8_t{0});
    std::fill(i8_scale_.begin() + static_cast<std::ptrdiff_t>(last), i8_scale_.end(), 0.0F);
    std::fill(i8_sum_.begin() + static_cast<std::ptrdiff_t>(last), i8_sum_.end(), 0.0F);
  }
  std::vector<float> inverse_factor;
  if (!range.empty()) {
    factor_ = input_factors(weight, range);
    for (const float factor : factor_) inverse_factor.push_back(1.0F / factor);
  }
  kernels::RoundedWeights rounded;
  for (std::size_t o = 0; o < out_; ++o) {
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t first = g * kGroup;
      kernels::round_weights({.w = weight.data() + o * in_ + first,
                              .factor = inverse_factor.empty() ? nullptr : inverse_factor.data() + first,
                              .n = std::min(kGroup, in_ - first)},
                             rounded);
      const std::size_t at = (o / wide * groups + g) * wide;
      std::int8_t* to = i8_.data() + at * kGroup + o % wide * 4;
      for (std::size_t k = 0; k < kGroup; k += 4) std::memcpy(to + k * wide, rounded.values + k, 4);
      i8_scale_[at + o % wide] = rounded.scale;
      i8_sum_[at + o % wide] = rounded.scale * static_cast<float>(rounded.sum);
    }
  }
}

}  // namespace attune::nn
