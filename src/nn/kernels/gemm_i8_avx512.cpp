#include "nn/kernels/gemm_i8_avx512_lanes.h"

namespace attune::nn::kernels {
namespace {

struct Lanes : Avx512Lanes {
  static Ints add_products(Ints sum, Ints x_0, Ints w_0, Ints x_1, Ints w_1) {
    const Ints pairs = _mm512_add_epi16(_mm512_maddubs_epi16(x_0, w_0), _mm512_maddubs_epi16(x_1, w_1));
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
};

}  // namespace
}  // namespace attune::nn::kernels

#include "nn/kernels/gemm_i8_tile.h"

namespace attune::nn::kernels {

void gemm_i8_avx512(const GemmI8& job) {
  run_all(job);
}

std::size_t peak_i8_avx512(std::size_t steps) {
  return run_peak(steps);
}

}  // namespace attune::nn::kernels
