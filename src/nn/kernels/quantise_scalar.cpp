#include <algorithm>
#include <cmath>

#include "nn/kernels/gemm_i8.h"
#include "nn/kernels/quantise.h"

namespace attune::nn::kernels {

void quantise_row_scalar(const QuantiseRow& row) {
  const auto number = [&](std::size_t i) { return row.factor == nullptr ? row.x[i] : row.x[i] * row.factor[i]; };
  std::size_t group = 0;
  for (std::size_t start = 0; start < row.n; start += kQuantGroup, ++group) {
    const std::size_t end = std::min(row.n, start + kQuantGroup);
    float low = 0;
    float high = 0;
    for (std::size_t i = start; i < end; ++i) {
      low = std::min(number(i), low);
      high = std::max(number(i), high);
    }
    const GroupRange range = group_range(low, high);
    row.scale[group] = range.scale;
    row.zero[group] = range.zero;
    for (std::size_t i = start; i < start + kQuantGroup; ++i) {
      const float q = i < end ? std::nearbyint(std::fma(number(i), range.inverse, range.zero)) : range.zero;
      row.q[i] = static_cast<std::uint8_t>(std::clamp(q, 0.0F, static_cast<float>(kMaxActivation)));
    }
  }
}

}  // namespace attune::nn::kernels
