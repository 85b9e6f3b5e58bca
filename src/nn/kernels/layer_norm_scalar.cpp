#include <cmath>

#include "nn/kernels/layer_norm.h"

namespace attune::nn::kernels {

float add_layer_norm_scalar(const LayerNormRow& row) {
  if (row.width == 0) return 0;
  const float n = static_cast<float>(row.width);
  float sum = 0;
  for (std::size_t i = 0; i < row.width; ++i) {
    if (row.residual != nullptr) row.x[i] += row.residual[i];
    sum += row.x[i];
  }
  const float mean = sum / n;
  float square = 0;
  for (std::size_t i = 0; i < row.width; ++i) square += (row.x[i] - mean) * (row.x[i] - mean);
  const float factor = 1.0F / std::sqrt(square / n + row.epsilon);
  for (std::size_t i = 0; i < row.width; ++i) {
    const float normalised = (row.x[i] - mean) * factor;
    if (row.normalised != nullptr) row.normalised[i] = normalised;
    row.x[i] = normalised * row.scale[i] + row.shift[i];
  }
  return factor;
}

void layer_norm_backward_scalar(const LayerNormBackwardRow& row) {
  float sum = 0;
  float product = 0;
  for (std::size_t i = 0; i < row.width; ++i) {
    const float g = row.d[i] * row.scale[i];
    sum += g;
    product += g * row.normalised[i];
    if (row.d_scale == nullptr) continue;
    row.d_scale[i] += row.d[i] * row.normalised[i];
    row.d_shift[i] += row.d[i];
  }
  const float n = static_cast<float>(row.width);
  for (std::size_t i = 0; i < row.width; ++i) {
    row.d[i] = row.factor * (row.d[i] * row.scale[i] - sum / n - row.normalised[i] * (product / n));
  }
}

}  // namespace attune::nn::kernels
