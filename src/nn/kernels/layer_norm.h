// LayerNorm of one row with the residual added first, in place:
//   x = (v - mean) / √(variance + epsilon) · scale + shift, where v = x + residual
//   x, residual, scale, shift  [width]  any alignment; residual may be null
// Mean first, then the variance around it: two passes lose nothing when the mean is large.
#pragma once

#include <cstddef>

namespace attune::nn::kernels {

struct LayerNormRow {
  float* x = nullptr;
  const float* residual = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  std::size_t width = 0;
  float epsilon = 0;
};

void add_layer_norm(const LayerNormRow& row);  // at cpu_level()
void add_layer_norm_scalar(const LayerNormRow& row);
void add_layer_norm_simd(const LayerNormRow& row);

}  // namespace attune::nn::kernels
