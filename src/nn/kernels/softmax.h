// Softmax of one row, in place: x = exp(scale · (x - peak)) / sum of these.
//   x      [n]  in, out   any alignment; n may be 0
//   scale  positive
// Subtracting the row's peak keeps exp() finite. The AVX2 version's exp is within 2 units in the last place.
#pragma once

#include <cstddef>

namespace attune::nn::kernels {

void softmax(float* x, std::size_t n, float scale);  // at cpu_level()
void softmax_scalar(float* x, std::size_t n, float scale);
void softmax_avx2(float* x, std::size_t n, float scale);

}  // namespace attune::nn::kernels
