#include "nn/kernels/gemm_i8.h"

#include "attune/nn.hpp"

namespace attune::nn::kernels {

std::size_t panel_columns_i8() {
  return cpu_level() >= CpuLevel::avx512 ? 32 : 16;
}

void gemm_i8(const GemmI8& job) {
#ifdef ATTUNE_HAS_X86_KERNELS
  switch (cpu_level()) {
    case CpuLevel::vnni:
      return gemm_i8_vnni(job);
    case CpuLevel::avx512:
      return gemm_i8_avx512(job);
    case CpuLevel::avx2:
      return gemm_i8_avx2(job);
    case CpuLevel::scalar:
      break;
  }
#endif
  gemm_i8_scalar(job);
}

}  // namespace attune::nn::kernels
