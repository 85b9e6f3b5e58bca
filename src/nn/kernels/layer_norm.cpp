#include "nn/kernels/layer_norm.h"

#include "attune/nn.hpp"

namespace attune::nn::kernels {

void add_layer_norm(const LayerNormRow& row) {
#ifdef ATTUNE_HAS_AVX2_KERNELS
  if (cpu_level() == CpuLevel::avx2) return add_layer_norm_avx2(row);
#endif
  add_layer_norm_scalar(row);
}

}  // namespace attune::nn::kernels
