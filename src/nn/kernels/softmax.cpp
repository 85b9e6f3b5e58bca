#include "nn/kernels/softmax.h"

#include "nn/cpu_level.hpp"

namespace attune::nn::kernels {

float exp_row(float* x, std::size_t n, float scale) {
  return uses_simd() ? exp_row_simd(x, n, scale) : exp_row_scalar(x, n, scale);
}

void softmax(float* x, std::size_t n, float scale) {
  const float sum = exp_row(x, n, scale);
  for (std::size_t i = 0; i < n; ++i) x[i] /= sum;
}

}  // namespace attune::nn::kernels
