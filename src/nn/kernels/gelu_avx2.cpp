#include "nn/kernels/avx2_lanes.h"
#include "nn/kernels/gelu.h"

namespace attune::nn::kernels {
namespace {

inline __m256 fma(__m256 a, __m256 b, float c) {
  return _mm256_fmadd_ps(a, b, _mm256_set1_ps(c));
}

// erf(x) ≈ x · P(x²) / Q(x²) for |x| ≤ 4 (beyond, erf is ±1 in FP32): the minimax quotient of Eigen and TensorFlow.
inline __m256 erf8(__m256 x) {
  const __m256 limit = _mm256_set1_ps(4.0F);
  // min and max hand on their second operand when the first is not a number, so x stands second: NaN stays NaN.
  x = _mm256_max_ps(_mm256_sub_ps(_mm256_setzero_ps(), limit), _mm256_min_ps(limit, x));
  const __m256 s = _mm256_mul_ps(x, x);
  __m256 p = _mm256_set1_ps(-2.72614225801306e-10F);
  p = fma(p, s, 2.77068142495902e-08F);
  p = fma(p, s, -2.10102402082508e-06F);
  p = fma(p, s, -5.69250639462346e-05F);
  p = fma(p, s, -7.34990630326855e-04F);
  p = fma(p, s, -2.95459980854025e-03F);
  p = fma(p, s, -1.60960333262415e-02F);
  __m256 q = _mm256_set1_ps(-1.45660718464996e-05F);
  q = fma(q, s, -2.13374055278905e-04F);
  q = fma(q, s, -1.68282697438203e-03F);
  q = fma(q, s, -7.37332916720468e-03F);
  q = fma(q, s, -1.42647390514189e-02F);
  return _mm256_div_ps(_mm256_mul_ps(x, p), q);
}

inline __m256 gelu8(__m256 x) {
  const __m256 erf = erf8(_mm256_mul_ps(x, _mm256_set1_ps(0.70710678F)));
  const __m256 half = _mm256_mul_ps(x, _mm256_set1_ps(0.5F));
  return _mm256_mul_ps(half, _mm256_add_ps(erf, _mm256_set1_ps(1.0F)));
}

}  // namespace

void gelu_avx2(float* x, std::size_t n) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) _mm256_storeu_ps(x + i, gelu8(_mm256_loadu_ps(x + i)));
  if (i == n) return;
  const __m256i mask = first_lanes(n - i);
  _mm256_maskstore_ps(x + i, mask, gelu8(_mm256_maskload_ps(x + i, mask)));
}

}  // namespace attune::nn::kernels
