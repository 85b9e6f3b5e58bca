#include <math.h>

#include "nn/kernels/avx2_lanes.h"
#include "nn/kernels/layer_norm.h"

namespace attune::nn::kernels {
namespace {

// Up to eight numbers from `from`; the lanes behind them are zero.
inline __m256 load(const float* from, std::size_t left) {
  return left >= kLanes ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first_lanes(left));
}

inline void store(float* to, std::size_t left, __m256 v) {
  if (left >= kLanes) {
    _mm256_storeu_ps(to, v);
  } else {
    _mm256_maskstore_ps(to, first_lanes(left), v);
  }
}

}  // namespace

void add_layer_norm_avx2(const LayerNormRow& row) {
  if (row.width == 0) return;
  const float n = static_cast<float>(row.width);
  __m256 sum = _mm256_setzero_ps();
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    __m256 v = load(row.x + i, left);
    if (row.residual != nullptr) {
      v = _mm256_add_ps(v, load(row.residual + i, left));
      store(row.x + i, left, v);
    }
    sum = _mm256_add_ps(sum, v);
  }
  const __m256 mean = _mm256_set1_ps(sum_of_lanes(sum) / n);
  __m256 square = _mm256_setzero_ps();
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    __m256 d = _mm256_sub_ps(load(row.x + i, left), mean);
    if (left < kLanes) d = _mm256_and_ps(d, _mm256_castsi256_ps(first_lanes(left)));
    square = _mm256_fmadd_ps(d, d, square);
  }
  const __m256 factor = _mm256_set1_ps(1.0F / sqrtf(sum_of_lanes(square) / n + row.epsilon));
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    const __m256 d = _mm256_mul_ps(_mm256_sub_ps(load(row.x + i, left), mean), factor);
    store(row.x + i, left, _mm256_fmadd_ps(d, load(row.scale + i, left), load(row.shift + i, left)));
  }
}

}  // namespace attune::nn::kernels
