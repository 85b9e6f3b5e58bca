// Softmax of one row, and its backward pass. Forward in two steps, so that whoever multiplies with the weights can
// divide once at the end:
//   exp_row:  x = exp(scale · (x - peak)) in place; returns the sum of these, 0 for an empty row
//   softmax:  exp_row, then x / sum
//   x      [n]  in, out   any alignment; n may be 0
//   scale  positive
// Subtracting the row's peak keeps exp() finite. The vector version's exp is within 2 units in the last place.
#pragma once

#include <cstddef>

namespace attune::nn::kernels {

float exp_row(float* x, std::size_t n, float scale);  // at cpu_level()
float exp_row_scalar(float* x, std::size_t n, float scale);
float exp_row_simd(float* x, std::size_t n, float scale);
void softmax(float* x, std::size_t n, float scale);

// Of y = softmax(scale · x): d = scale · y · (d - Σ y d) in place, which makes d(loss) / d(y) [n] into d(loss) / d(x).
void softmax_backward(const float* y, float* d, std::size_t n, float scale);
void softmax_backward_scalar(const float* y, float* d, std::size_t n, float scale);
void softmax_backward_simd(const float* y, float* d, std::size_t n, float scale);

}  // namespace attune::nn::kernels
