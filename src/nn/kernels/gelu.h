// GELU with the exact error function, in place: x = x / 2 · (1 + erf(x / √2)).
//   x  [n]  in, out   any alignment
// A number's result never depends on its place or its neighbours. The vector version uses a rational approximation of
// erf that is within 3e-7 of the true value; NaN stays NaN.
#pragma once

#include <cstddef>

namespace attune::nn::kernels {

void gelu(float* x, std::size_t n);  // at cpu_level()
void gelu_scalar(float* x, std::size_t n);
void gelu_simd(float* x, std::size_t n);

// d = d · (Φ(x) + x · φ(x)) in place, Φ and φ the normal distribution and its density: d(loss) / d(y) [n] becomes
// d(loss) / d(x). Within 1e-6 of the true factor.
void gelu_backward(const float* x, float* d, std::size_t n);
void gelu_backward_scalar(const float* x, float* d, std::size_t n);
void gelu_backward_simd(const float* x, float* d, std::size_t n);

}  // namespace attune::nn::kernels
