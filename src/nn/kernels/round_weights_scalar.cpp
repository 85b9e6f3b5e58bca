#include <algorithm>
#include <cmath>

#include "nn/kernels/round_weights.h"

namespace attune::nn::kernels {

void round_weights_scalar(const RoundWeights& group, RoundedWeights& to) {
  float numbers[kQuantGroup] = {};
  float largest = 0;
  for (std::size_t i = 0; i < group.n; ++i) {
    numbers[i] = group.factor == nullptr ? group.w[i] : group.w[i] * group.factor[i];
    largest = std::max(largest, std::abs(numbers[i]));
  }
  to.scale = largest / static_cast<float>(kMaxWeight);
  // Below this the division would give infinity.
  const float inverse = largest > 1e-30F ? static_cast<float>(kMaxWeight) / largest : 0.0F;
  to.sum = 0;
  for (std::size_t i = 0; i < kQuantGroup; ++i) {
    to.values[i] = static_cast<std::int8_t>(std::nearbyint(numbers[i] * inverse));
    to.sum += to.values[i];
  }
  fit_lanes(numbers, to);
}

}  // namespace attune::nn::kernels
