// Rounds one group of a row of weights to whole numbers from -64 to 64 with a scale of their own:
//   w        [n]    in   at most kQuantGroup; those behind n count as 0
//   factor   [n]    in   each number is multiplied with it first; null: not
//   values   [128]  out  factor · w ≈ scale · value
// Rounding is to nearest, ties to even, at every level alike. The largest weight becomes 64, unless a lane's sum would
// not fit into gemm_i8's 16 bits: then the group's scale is a little larger. w must be finite.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/kernels/gemm_i8.h"

namespace attune::nn::kernels {

struct RoundWeights {
  const float* w = nullptr;
  const float* factor = nullptr;
  std::size_t n = 0;
};

struct RoundedWeights {
  alignas(64) std::int8_t values[kQuantGroup];
  float scale;
  std::int32_t sum;  // of the values
};

void round_weights(const RoundWeights& group, RoundedWeights& to);
void round_weights_scalar(const RoundWeights& group, RoundedWeights& to);
void round_weights_simd(const RoundWeights& group, RoundedWeights& to);

// The last step, for the group's numbers [128] as they were before rounding: if a lane of to.values adds up to more
// than kMaxLaneSum, rounds again with a scale that holds.
void fit_lanes(const float* numbers, RoundedWeights& to);

}  // namespace attune::nn::kernels
