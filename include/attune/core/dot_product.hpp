// The one dot product: index and scoring use the same order of additions, so the same vectors give the same bits
// wherever they are compared (invariant 3).
#pragma once

#include <span>

namespace attune {

// The sum of a[i] * b[i]. Sizes must be equal. Eight partial sums, added in a fixed order: rounding depends on nothing
// but the values, and the compiler may still use vector registers.
float dot_product(std::span<const float> a, std::span<const float> b);

}  // namespace attune
