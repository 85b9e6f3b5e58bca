#include "nn/kernels/quantise.h"

#include <cmath>

#include "nn/cpu_level.hpp"
#include "nn/kernels/gemm_i8.h"

namespace attune::nn::kernels {

GroupRange group_range(float low, float high) {
  const float range = high - low;
  // Below this the division would give infinity.
  if (range < 1e-30F) return {0, 0, 0};
  const float inverse = static_cast<float>(kMaxActivation) / range;
  return {range / static_cast<float>(kMaxActivation), inverse, std::nearbyint(-low * inverse)};
}

void quantise_row(const QuantiseRow& row) {
  if (uses_simd()) {
    quantise_row_simd(row);
  } else {
    quantise_row_scalar(row);
  }
}

}  // namespace attune::nn::kernels
