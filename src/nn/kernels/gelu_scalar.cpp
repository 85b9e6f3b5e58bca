#include <cmath>

#include "nn/kernels/gelu.h"

namespace attune::nn::kernels {

void gelu_scalar(float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = 0.5F * x[i] * (1.0F + std::erf(x[i] * 0.70710678F));
}

void gelu_backward_scalar(const float* x, float* d, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float distribution = 0.5F * (1.0F + std::erf(x[i] * 0.70710678F));
    const float density = 0.39894228F * std::exp(-0.5F * x[i] * x[i]);
    d[i] *= distribution + x[i] * density;
  }
}

}  // namespace attune::nn::kernels
