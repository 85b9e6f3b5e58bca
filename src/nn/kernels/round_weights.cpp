#include "nn/kernels/round_weights.h"

#include <algorithm>
#include <cmath>

#include "nn/cpu_level.hpp"

namespace attune::nn::kernels {
namespace {

// The largest sum of weights of one sign in one lane.
int largest_lane_sum(const RoundedWeights& rounded) {
  int positive[kLanesOfGroup] = {};
  int negative[kLanesOfGroup] = {};
  for (std::size_t i = 0; i < kQuantGroup; ++i) {
    (rounded.values[i] > 0 ? positive : negative)[lane_of(i)] += std::abs(rounded.values[i]);
  }
  return std::max(*std::ranges::max_element(positive), *std::ranges::max_element(negative));
}

}  // namespace

void fit_lanes(const float* numbers, RoundedWeights& to) {
  const int largest = largest_lane_sum(to);
  if (largest <= kMaxLaneSum) return;
  // Eight numbers are off by up to a half each, in the sum that was seen and again in the one that is made now.
  constexpr int kWanted = kMaxLaneSum - 8;
  to.scale *= static_cast<float>(largest) / static_cast<float>(kWanted);
  to.sum = 0;
  for (std::size_t i = 0; i < kQuantGroup; ++i) {
    to.values[i] = static_cast<std::int8_t>(std::nearbyint(numbers[i] / to.scale));
    to.sum += to.values[i];
  }
}

void round_weights(const RoundWeights& group, RoundedWeights& to) {
  if (uses_simd()) {
    round_weights_simd(group, to);
  } else {
    round_weights_scalar(group, to);
  }
}

}  // namespace attune::nn::kernels
