#include <cmath>

#include "nn/kernels/gelu.h"

namespace attune::nn::kernels {

void gelu_scalar(float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = 0.5F * x[i] * (1.0F + std::erf(x[i] * 0.70710678F));
}

}  // namespace attune::nn::kernels
