// Gradients against finite differences, and numbers to try them on.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include "attune/model/layer.hpp"

namespace attune::train {

inline std::vector<float> numbers(std::size_t count, std::uint64_t seed, float size) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> draw(0, size);
  std::vector<float> out(count);
  for (float& number : out) number = draw(random);
  return out;
}

// Tensor by tensor, along a random direction; `loss` takes a model's weights.
template <typename Loss>
void check_gradient(std::span<const WeightSlice> layout, const std::vector<float>& weights,
                    std::span<const float> gradient, const Loss& loss) {
  for (const WeightSlice& slice : layout) {
    CAPTURE(slice.name);
    const std::vector<float> direction = numbers(slice.count(), 77, 1);
    double expected = 0;
    double size = 0;
    for (std::size_t i = 0; i < slice.count(); ++i) {
      const auto d = static_cast<double>(gradient[slice.first + i]);
      expected += d * static_cast<double>(direction[i]);
      size += d * d;
    }
    CHECK(size > 0);
    constexpr double kStep = 1e-3;
    double sides[2] = {0, 0};
    for (const int side : {0, 1}) {
      std::vector<float> moved = weights;
      for (std::size_t i = 0; i < slice.count(); ++i) {
        moved[slice.first + i] += static_cast<float>((side == 0 ? kStep : -kStep) * static_cast<double>(direction[i]));
      }
      sides[side] = loss(moved);
    }
    // FP32 sums leave noise of about 1e-6 / step.
    CHECK(std::abs((sides[0] - sides[1]) / (2 * kStep) - expected) <= 0.02 * std::sqrt(size) + 5e-3);
  }
}

}  // namespace attune::train
