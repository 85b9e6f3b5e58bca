#include "nn/kernels/softmax.h"

#include "attune/nn.hpp"

namespace attune::nn::kernels {

void softmax(float* x, std::size_t n, float scale) {
#ifdef ATTUNE_HAS_AVX2_KERNELS
  if (cpu_level() == CpuLevel::avx2) return softmax_avx2(x, n, scale);
#endif
  softmax_scalar(x, n, scale);
}

}  // namespace attune::nn::kernels
