#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/softmax_simd.cpp"
#include <cfloat>

#include "nn/kernels/simd.h"
#include "nn/kernels/simd_lanes.h"
#include "nn/kernels/softmax.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

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

float run(float* x, std::size_t n, float scale) {
  if (n == 0) return 0;
  const Floats d;
  Vector peaks = hn::Set(d, -FLT_MAX);
  for (std::size_t i = 0; i < n; i += kLanes) peaks = hn::Max(peaks, load_first(x + i, n - i, -FLT_MAX));
  const Vector peak = hn::MaxOfLanes(d, peaks);
  const Vector factor = hn::Set(d, scale);
  Vector sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vector e = exp_of(hn::Mul(hn::Sub(hn::LoadU(d, x + i), peak), factor));
    hn::StoreU(e, d, x + i);
    sum = hn::Add(sum, e);
  }
  if (i < n) {
    const Vector e = exp_of(hn::Mul(hn::Sub(load_first(x + i, n - i, -FLT_MAX), peak), factor));
    store_first(e, n - i, x + i);
    sum = hn::Add(sum, hn::IfThenElseZero(hn::FirstN(d, n - i), e));
  }
  return sum_of_lanes(sum);
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);

float exp_row_simd(float* x, std::size_t n, float scale) {
  return HWY_DYNAMIC_DISPATCH(run)(x, n, scale);
}

}  // namespace attune::nn::kernels
#endif
