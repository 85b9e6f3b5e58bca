// One number of y = x · weightᵀ + bias, summed in the same order wherever it is computed.
#pragma once

#include <cstddef>
#include <span>

#include "attune/core/dot_product.hpp"
#include "attune/nn.hpp"

namespace attune::nn {

// y[row], for `x` [in].
inline float affine(const LinearWeights& weights, std::size_t row, std::span<const float> x) {
  return dot_product(weights.weight.subspan(row * x.size(), x.size()), x) + weights.bias[row];
}

}  // namespace attune::nn
