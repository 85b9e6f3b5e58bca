// exp() for the vectors of simd_lanes.h. Included by *_simd.cpp behind simd.h.
#if defined(ATTUNE_SIMD_EXP_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SIMD_EXP_H
#undef ATTUNE_SIMD_EXP_H
#else
#define ATTUNE_SIMD_EXP_H
#endif

#include "nn/kernels/simd_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {

// exp for x ≤ 0: x = n · ln 2 + r with |r| ≤ ln 2 / 2, then a polynomial for exp(r) and n added to the exponent. Below
// -87 the answer would be subnormal; it is held at exp(-87), which no sum of a softmax (at least 1) can see.
HWY_INLINE Vector exp_of(Vector x) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> d32;
  x = hn::Max(hn::Set(d, -87.0F), x);
  // Adding 1.5 · 2^23 rounds to a whole number and leaves it in the lowest bits.
  const Vector rounder = hn::Set(d, 12582912.0F);
  const Vector rounded = hn::MulAdd(x, hn::Set(d, 1.44269504F), rounder);
  const Vector n = hn::Sub(rounded, rounder);
  // ln 2 in two parts, so that n · ln 2 loses nothing.
  Vector r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), r);
  Vector p = hn::Set(d, 1.9875691500E-4F);
  p = hn::MulAdd(p, r, hn::Set(d, 1.3981999507E-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073E-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894E-2F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459E-1F));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201E-1F));
  p = hn::MulAdd(p, hn::Mul(r, r), hn::Add(r, hn::Set(d, 1.0F)));
  // n's bits, shifted onto p's exponent: p · 2^n. The rounder's own bits fall off at the top.
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(d32, rounded));
  return hn::BitCast(d, hn::Add(hn::BitCast(d32, p), exponent));
}

}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
