#include <cmath>

#include "nn/kernels/softmax.h"

namespace attune::nn::kernels {

float exp_row_scalar(float* x, std::size_t n, float scale) {
  if (n == 0) return 0;
  float peak = x[0];
  for (std::size_t i = 1; i < n; ++i) peak = x[i] > peak ? x[i] : peak;
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = std::exp((x[i] - peak) * scale);
    sum += x[i];
  }
  return sum;
}

void softmax_backward_scalar(const float* y, float* d, std::size_t n, float scale) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += y[i] * d[i];
  for (std::size_t i = 0; i < n; ++i) d[i] = y[i] * (d[i] - sum) * scale;
}

}  // namespace attune::nn::kernels
