#include "nn/kernels/gelu.h"

#include "nn/cpu_level.hpp"

namespace attune::nn::kernels {

void gelu(float* x, std::size_t n) {
  if (uses_simd()) {
    gelu_simd(x, n);
  } else {
    gelu_scalar(x, n);
  }
}

void gelu_backward(const float* x, float* d, std::size_t n) {
  if (uses_simd()) {
    gelu_backward_simd(x, d, n);
  } else {
    gelu_backward_scalar(x, d, n);
  }
}

}  // namespace attune::nn::kernels
