// LayerNorm of one row with the residual added first, in place:
//   x = (v - mean) / √(variance + epsilon) · scale + shift, where v = x + residual
//   x, residual, scale, shift  [width]  any alignment; residual may be null
//   normalised  [width]  out  what stands before `scale`, for the backward pass; null: not kept
// Returns 1 / √(variance + epsilon), 0 for an empty row. Mean first, then the variance around it: two passes lose
// nothing when the mean is large.
#pragma once

#include <cstddef>

namespace attune::nn::kernels {

struct LayerNormRow {
  float* x = nullptr;
  const float* residual = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  float* normalised = nullptr;
  std::size_t width = 0;
  float epsilon = 0;
};

float add_layer_norm(const LayerNormRow& row);  // at cpu_level()
float add_layer_norm_scalar(const LayerNormRow& row);
float add_layer_norm_simd(const LayerNormRow& row);

// Its backward pass. With g = d · scale and n = normalised:
//   d = factor · (g - mean(g) - n · mean(g · n)), where d held d(loss) / d(y) before
//   d_scale += d · n, d_shift += d, of what d held before; both null: not wanted
struct LayerNormBackwardRow {
  float* d = nullptr;
  const float* normalised = nullptr;
  const float* scale = nullptr;
  float* d_scale = nullptr;
  float* d_shift = nullptr;
  std::size_t width = 0;
  float factor = 0;  // what add_layer_norm() returned
};

void layer_norm_backward(const LayerNormBackwardRow& row);
void layer_norm_backward_scalar(const LayerNormBackwardRow& row);
void layer_norm_backward_simd(const LayerNormBackwardRow& row);

}  // namespace attune::nn::kernels
