#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "nn/kernels/gemm_i8_group.h"

namespace attune::nn::kernels {
namespace {

struct Lanes {
  using Ints = __m256i;
  static constexpr std::size_t kColumns = 8;
  static constexpr std::size_t kTileRows = 3;

  static Ints zero() { return _mm256_setzero_si256(); }
  static Ints load(const std::int8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }
  static Ints broadcast(const std::uint8_t* x) {
    std::int32_t four;
    __builtin_memcpy(&four, x, sizeof four);
    return _mm256_set1_epi32(four);
  }
  static Ints lanes_for(Ints /*sum*/) { return _mm256_setzero_si256(); }
  static Ints add_products(Ints lanes, Ints x, Ints w) { return _mm256_add_epi16(lanes, _mm256_maddubs_epi16(x, w)); }
  static Ints add_lanes(Ints sum, Ints lanes) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(lanes, _mm256_set1_epi16(1)));
  }
  static void add_group(float* y, Ints sum, GroupScales scales) {
    __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(scales.w_scale));
    value = _mm256_fnmadd_ps(_mm256_set1_ps(scales.x_zero), _mm256_loadu_ps(scales.w_sum), value);
    _mm256_storeu_ps(y, _mm256_fmadd_ps(_mm256_set1_ps(scales.x_scale), value, _mm256_loadu_ps(y)));
  }
};

}  // namespace
}  // namespace attune::nn::kernels

#include "nn/kernels/gemm_i8_tile.h"

namespace attune::nn::kernels {

void gemm_i8_avx2(const GemmI8& job) {
  run_all(job);
}

std::size_t peak_i8_avx2(std::size_t steps) {
  return run_peak(steps);
}

}  // namespace attune::nn::kernels
