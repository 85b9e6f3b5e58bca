#include "nn/kernels/gemm_f32.h"

#include "nn/cpu_level.hpp"

namespace attune::nn::kernels {

std::size_t panel_columns_f32() {
  return uses_simd() ? panel_columns_f32_simd() : 16;
}

void gemm_f32(const GemmF32& job) {
  if (uses_simd()) {
    gemm_f32_simd(job);
  } else {
    gemm_f32_scalar(job);
  }
}

}  // namespace attune::nn::kernels
