#include <cmath>

#include "nn/kernels/layer_norm.h"

namespace attune::nn::kernels {

void add_layer_norm_scalar(const LayerNormRow& row) {
  if (row.width == 0) return;
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
  for (std::size_t i = 0; i < row.width; ++i) row.x[i] = (row.x[i] - mean) * factor * row.scale[i] + row.shift[i];
}

}  // namespace attune::nn::kernels
