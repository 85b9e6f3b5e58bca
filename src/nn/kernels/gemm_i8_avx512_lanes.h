// What the two AVX-512 versions of gemm_i8 share: all but the multiply-add.
#pragma once

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "nn/kernels/gemm_i8_group.h"

namespace attune::nn::kernels {
namespace {

struct Avx512Lanes {
  using Ints = __m512i;
  static constexpr std::size_t kColumns = 16;
  static constexpr std::size_t kTileRows = 8;

  static Ints zero() { return _mm512_setzero_si512(); }
  static Ints load(const std::int8_t* w) { return _mm512_loadu_si512(w); }
  static Ints broadcast(const std::uint8_t* x) {
    std::int32_t four;
    __builtin_memcpy(&four, x, sizeof four);
    return _mm512_set1_epi32(four);
  }
  static void add_group(float* y, Ints sum, GroupScales scales) {
    __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(scales.w_scale));
    value = _mm512_fnmadd_ps(_mm512_set1_ps(scales.x_zero), _mm512_loadu_ps(scales.w_sum), value);
    _mm512_storeu_ps(y, _mm512_fmadd_ps(_mm512_set1_ps(scales.x_scale), value, _mm512_loadu_ps(y)));
  }
};

}  // namespace
}  // namespace attune::nn::kernels
