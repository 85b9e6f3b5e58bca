#include "nn/kernels/gelu.h"

#include "attune/nn.hpp"

namespace attune::nn::kernels {

void gelu(float* x, std::size_t n) {
#ifdef ATTUNE_HAS_AVX2_KERNELS
  if (cpu_level() == CpuLevel::avx2) return gelu_avx2(x, n);
#endif
  gelu_scalar(x, n);
}

}  // namespace attune::nn::kernels
