#include <cassert>
#include <cmath>

#include "attune/nn.hpp"

namespace attune::nn {

void mean_pool(std::span<const float> x_tw, bool weighted, std::span<float> out_w) {
  const std::size_t width = out_w.size();
  const std::size_t tokens = x_tw.size() / width;
  assert(tokens > 0 && tokens * width == x_tw.size());
  std::vector<double> sum_w(width, 0.0);
  double weights = 0;
  for (std::size_t token = 0; token < tokens; ++token) {
    const double weight = weighted ? static_cast<double>(token + 1) : 1.0;
    weights += weight;
    for (std::size_t column = 0; column < width; ++column) {
      sum_w[column] += weight * static_cast<double>(x_tw[token * width + column]);
    }
  }
  for (std::size_t column = 0; column < width; ++column) out_w[column] = static_cast<float>(sum_w[column] / weights);
}

void to_unit_length(std::span<float> x) {
  double square = 0;
  for (const float value : x) square += static_cast<double>(value) * static_cast<double>(value);
  const double factor = square > 0 ? 1.0 / std::sqrt(square) : 0.0;
  for (float& value : x) value = static_cast<float>(static_cast<double>(value) * factor);
}

}  // namespace attune::nn
