// Gradients against central differences in FP64 of a loss that is written a second time, in FP64.
#pragma once

#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include <doctest/doctest.h>

namespace attune::nn::testing {

using Numbers = std::vector<double>;

inline Numbers widened(std::span<const float> row) {
  return {row.begin(), row.end()};
}

// Checks found[i] against (loss(at + h) - loss(at - h)) / 2 h in each place. With h = 1e-4 the differences are good to
// about 1e-8; the tolerance is what FP32 loses over the few hundred sums of a small layer.
inline void check_gradient(std::span<const float> at, std::span<const float> found,
                           const std::function<double(const Numbers&)>& loss, double tolerance = 2e-5) {
  constexpr double kStep = 1e-4;
  REQUIRE(at.size() == found.size());
  Numbers place = widened(at);
  for (std::size_t index = 0; index < place.size(); ++index) {
    const double middle = place[index];
    place[index] = middle + kStep;
    const double above = loss(place);
    place[index] = middle - kStep;
    const double below = loss(place);
    place[index] = middle;
    const double wanted = (above - below) / (2 * kStep);
    CAPTURE(index);
    CAPTURE(wanted);
    CAPTURE(found[index]);
    CHECK(std::abs(static_cast<double>(found[index]) - wanted) <= tolerance * (1 + std::abs(wanted)));
  }
}

// Σ y_i · r_i: a loss whose d(loss) / d(y) is r.
inline double weighted_sum(const Numbers& y, std::span<const float> r) {
  REQUIRE(y.size() == r.size());
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * static_cast<double>(r[i]);
  return sum;
}

}  // namespace attune::nn::testing
