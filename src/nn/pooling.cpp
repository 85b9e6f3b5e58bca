#include <cassert>
#include <cmath>

#include "attune/nn.hpp"

namespace attune::nn {

void mean_pool_to_unit(std::span<const float> x_tw, std::span<float> out_w) {
  const std::size_t width = out_w.size();
  const std::size_t tokens = x_tw.size() / width;
  assert(tokens > 0 && tokens * width == x_tw.size());
  std::vector<double> sum_w(width, 0.0);
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t column = 0; column < width; ++column) {
      sum_w[column] += static_cast<double>(x_tw[token * width + column]);
    }
  }
  double square = 0;
  for (const double value : sum_w) square += value * value;
  // The division by T falls out: a mean and a sum point the same way.
  const double factor = square > 0 ? 1.0 / std::sqrt(square) : 0.0;
  for (std::size_t column = 0; column < width; ++column) {
    out_w[column] = static_cast<float>(sum_w[column] * factor);
  }
}

}  // namespace attune::nn
