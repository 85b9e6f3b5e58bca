#include "nn/kernels/layer_norm.h"

#include <cassert>

#include "attune/nn.hpp"

namespace attune::nn {

void add_layer_norm(const LayerNormWeights& weights, std::span<const float> residual_tw, std::span<float> x_tw) {
  const std::size_t width = weights.scale.size();
  assert(weights.shift.size() == width && x_tw.size() % width == 0);
  assert(residual_tw.empty() || residual_tw.size() == x_tw.size());
  for (std::size_t start = 0; start < x_tw.size(); start += width) {
    kernels::add_layer_norm({.x = x_tw.data() + start,
                             .residual = residual_tw.empty() ? nullptr : residual_tw.data() + start,
                             .scale = weights.scale.data(),
                             .shift = weights.shift.data(),
                             .width = width,
                             .epsilon = weights.epsilon});
  }
}

}  // namespace attune::nn
