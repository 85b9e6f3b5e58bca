// Quantises one row of activations to 7 bits, in groups of kQuantGroup numbers with a scale and a zero of their own:
//   x        [n]                 in
//   factor   [n]                 in   each number is multiplied with it first; null: not
//   q        [G · 128]           out  0 … 127; behind n the zero point, which weights of 0 meet there
//   scale    [G]  zero [G]       out  factor · x ≈ scale · (q - zero); zero is whole, 0 … 127
// G = groups of n, the last one filled up. Each group's range includes 0, so that 0 is met exactly; rounding is to
// nearest, ties to even, at every level alike. x must be finite.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::nn::kernels {

struct QuantiseRow {
  const float* x = nullptr;
  const float* factor = nullptr;
  std::uint8_t* q = nullptr;
  float* scale = nullptr;
  float* zero = nullptr;
  std::size_t n = 0;
};

void quantise_row(const QuantiseRow& row);
void quantise_row_scalar(const QuantiseRow& row);
void quantise_row_simd(const QuantiseRow& row);

// The scale and zero of a group whose numbers lie from `low` to `high`.
struct GroupRange {
  float scale;    // 0 for a group of zeros
  float inverse;  // numbers are multiplied with it
  float zero;
};
GroupRange group_range(float low, float high);

}  // namespace attune::nn::kernels
