#include "nn/kernels/layer_norm.h"

#include <cassert>

#include "attune/nn.hpp"
#include "attune/nn/training.hpp"

namespace attune::nn {
namespace {

// `trace` null: nothing is kept.
void normalise_rows(const LayerNormWeights& weights, std::span<const float> residual_tw, std::span<float> x_tw,
                    LayerNormTrace* trace) {
  const std::size_t width = weights.scale.size();
  assert(weights.shift.size() == width && x_tw.size() % width == 0);
  assert(residual_tw.empty() || residual_tw.size() == x_tw.size());
  for (std::size_t start = 0; start < x_tw.size(); start += width) {
    const float factor =
        kernels::add_layer_norm({.x = x_tw.data() + start,
                                 .residual = residual_tw.empty() ? nullptr : residual_tw.data() + start,
                                 .scale = weights.scale.data(),
                                 .shift = weights.shift.data(),
                                 .normalised = trace == nullptr ? nullptr : trace->normalised_tw.data() + start,
                                 .width = width,
                                 .epsilon = weights.epsilon});
    if (trace != nullptr) trace->inverse_deviation_t[start / width] = factor;
  }
}

}  // namespace

void add_layer_norm(const LayerNormWeights& weights, std::span<const float> residual_tw, std::span<float> x_tw) {
  normalise_rows(weights, residual_tw, x_tw, nullptr);
}

void add_layer_norm(const LayerNormWeights& weights, std::span<const float> residual_tw, std::span<float> x_tw,
                    LayerNormTrace& trace) {
  trace.normalised_tw.resize(x_tw.size());
  trace.inverse_deviation_t.resize(x_tw.size() / weights.scale.size());
  normalise_rows(weights, residual_tw, x_tw, &trace);
}

// n = (v - mean(v)) / σ and y = n · scale + shift. Moving one v moves the mean and σ of its row too: with g = d_y ·
// scale, d_v = (g - mean(g) - n · mean(g · n)) / σ.
void add_layer_norm_backward(const LayerNormWeights& weights, const LayerNormTrace& trace, std::span<float> d_tw,
                             const LayerNormGradients& gradients) {
  const std::size_t width = weights.scale.size();
  assert(trace.normalised_tw.size() == d_tw.size() && trace.inverse_deviation_t.size() * width == d_tw.size());
  assert(gradients.scale.size() == gradients.shift.size());
  assert(gradients.scale.empty() || gradients.scale.size() == width);
  for (std::size_t start = 0; start < d_tw.size(); start += width) {
    kernels::layer_norm_backward({.d = d_tw.data() + start,
                                  .normalised = trace.normalised_tw.data() + start,
                                  .scale = weights.scale.data(),
                                  .d_scale = gradients.scale.empty() ? nullptr : gradients.scale.data(),
                                  .d_shift = gradients.shift.empty() ? nullptr : gradients.shift.data(),
                                  .width = width,
                                  .factor = trace.inverse_deviation_t[start / width]});
  }
}

}  // namespace attune::nn
