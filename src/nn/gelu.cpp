#include "nn/kernels/gelu.h"

#include <cassert>
#include <cmath>
#include <cstring>

#include "attune/nn/training.hpp"

namespace attune::nn {
namespace {

constexpr float kSqrtTwoOverPi = 0.79788456F;
constexpr float kCubic = 0.044715F;

float inner_of(float x) {
  return kSqrtTwoOverPi * (x + kCubic * x * x * x);
}

}  // namespace

void gelu(GeluForm form, std::span<const float> x, std::span<float> y) {
  assert(x.size() == y.size());
  if (form == GeluForm::tanh) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = 0.5F * x[i] * (1.0F + std::tanh(inner_of(x[i])));
    return;
  }
  if (x.data() != y.data() && !x.empty()) std::memcpy(y.data(), x.data(), x.size_bytes());
  kernels::gelu(y.data(), y.size());
}

void gelu_backward(GeluForm form, std::span<const float> x, std::span<float> d) {
  assert(x.size() == d.size());
  if (form == GeluForm::erf) return kernels::gelu_backward(x.data(), d.data(), d.size());
  // y = x / 2 · (1 + tanh(u)), u = √(2/π) · (x + 0.044715 x³), and tanh' = 1 - tanh².
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float t = std::tanh(inner_of(x[i]));
    const float d_inner = kSqrtTwoOverPi * (1.0F + 3.0F * kCubic * x[i] * x[i]);
    d[i] *= 0.5F * (1.0F + t) + 0.5F * x[i] * (1.0F - t * t) * d_inner;
  }
}

}  // namespace attune::nn
