#include "nn/kernels/avx2_lanes.h"
#include "nn/kernels/softmax.h"

namespace attune::nn::kernels {
namespace {

// exp for x ≤ 0: x = n · ln 2 + r with |r| ≤ ln 2 / 2, then a polynomial for exp(r) and n added to the exponent. Below
// -87 the answer would be subnormal; it is held at exp(-87), which no sum of a softmax (at least 1) can see.
inline __m256 exp8(__m256 x) {
  x = _mm256_max_ps(_mm256_set1_ps(-87.0F), x);
  const __m256 n =
      _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  // ln 2 in two parts, so that n · ln 2 loses nothing.
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 p = _mm256_set1_ps(1.9875691500E-4F);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.3981999507E-3F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.3334519073E-3F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.1665795894E-2F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6666665459E-1F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.0000001201E-1F));
  p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), _mm256_add_ps(r, _mm256_set1_ps(1.0F)));
  const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(exponent));
}

inline float peak_of(const float* x, std::size_t n) {
  __m256 peak = _mm256_set1_ps(x[0]);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) peak = _mm256_max_ps(peak, _mm256_loadu_ps(x + i));
  float largest = largest_lane(peak);
  for (; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

}  // namespace

void softmax_avx2(float* x, std::size_t n, float scale) {
  if (n == 0) return;
  const __m256 peak = _mm256_set1_ps(peak_of(x, n));
  const __m256 scale8 = _mm256_set1_ps(scale);
  const std::size_t whole = n / kLanes * kLanes;
  const __m256i tail = first_lanes(n - whole);
  __m256 sum = _mm256_setzero_ps();
  for (std::size_t i = 0; i < whole; i += kLanes) {
    const __m256 e = exp8(_mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(x + i), peak), scale8));
    _mm256_storeu_ps(x + i, e);
    sum = _mm256_add_ps(sum, e);
  }
  if (whole < n) {
    const __m256 e = exp8(_mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(x + whole, tail), peak), scale8));
    _mm256_maskstore_ps(x + whole, tail, e);
    sum = _mm256_add_ps(sum, _mm256_and_ps(e, _mm256_castsi256_ps(tail)));
  }
  const __m256 share = _mm256_set1_ps(1.0F / sum_of_lanes(sum));
  for (std::size_t i = 0; i < whole; i += kLanes) _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), share));
  if (whole < n) _mm256_maskstore_ps(x + whole, tail, _mm256_mul_ps(_mm256_maskload_ps(x + whole, tail), share));
}

}  // namespace attune::nn::kernels
