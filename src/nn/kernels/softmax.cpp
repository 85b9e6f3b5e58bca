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

void softmax_backward(const float* y, float* d, std::size_t n, float scale) {
  if (uses_simd()) {
    softmax_backward_simd(y, d, n, scale);
  } else {
    softmax_backward_scalar(y, d, n, scale);
  }
}

}  // namespace attune::nn::kernels
