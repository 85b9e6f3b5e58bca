#include "nn/kernels/gemm_i8_avx512_lanes.h"

namespace attune::nn::kernels {
namespace {

struct Lanes : Avx512Lanes {
  static Ints add_products(Ints sum, Ints x_0, Ints w_0, Ints x_1, Ints w_1) {
    return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sum, x_0, w_0), x_1, w_1);
  }
};

}  // namespace
}  // namespace attune::nn::kernels

#include "nn/kernels/gemm_i8_tile.h"

namespace attune::nn::kernels {

void gemm_i8_vnni(const GemmI8& job) {
  run_all(job);
}

std::size_t peak_i8_vnni(std::size_t steps) {
  return run_peak(steps);
}

}  // namespace attune::nn::kernels
