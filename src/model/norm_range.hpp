// How large the numbers behind a LayerNorm get, for nn::PackedLinear::pack.
#pragma once

#include <cmath>
#include <span>
#include <vector>

namespace attune {

// In each column, those within three standard deviations.
inline std::vector<float> range_behind(std::span<const float> scale, std::span<const float> shift) {
  std::vector<float> range(scale.size());
  for (std::size_t i = 0; i < range.size(); ++i) range[i] = std::abs(shift[i]) + 3 * std::abs(scale[i]);
  return range;
}

}  // namespace attune
