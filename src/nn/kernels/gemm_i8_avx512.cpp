#include "nn/kernels/gemm_i8_avx512_lanes.h"

namespace attune::nn::kernels {
namespace {

struct Lanes : Avx512Lanes {
  static constexpr std::size_t kTileRows = 6;  // sums and lanes together take 24 of 32 registers
  static Ints lanes_for(Ints /*sum*/) { return _mm512_setzero_si512(); }
  static Ints add_products(Ints lanes, Ints x, Ints w) { return _mm512_add_epi16(lanes, _mm512_maddubs_epi16(x, w)); }
  static Ints add_lanes(Ints sum, Ints lanes) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(lanes, _mm512_set1_epi16(1)));
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
