#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/gelu_simd.cpp"
#include "nn/kernels/gelu.h"
#include "nn/kernels/simd.h"
#include "nn/kernels/simd_exp.h"
#include "nn/kernels/simd_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE Vector step(Vector p, Vector s, float coefficient) {
  return hn::MulAdd(p, s, hn::Set(Floats(), coefficient));
}

// erf(x) ≈ x · P(x²) / Q(x²) for |x| ≤ 4 (beyond, erf is ±1 in FP32): the minimax quotient of Eigen and TensorFlow.
HWY_INLINE Vector erf_of(Vector x) {
  const Floats d;
  const auto is_number = hn::Eq(x, x);
  const Vector clamped = hn::Max(hn::Set(d, -4.0F), hn::Min(hn::Set(d, 4.0F), x));
  const Vector v = hn::IfThenElse(is_number, clamped, x);
  const Vector s = hn::Mul(v, v);
  Vector p = hn::Set(d, -2.72614225801306e-10F);
  p = step(p, s, 2.77068142495902e-08F);
  p = step(p, s, -2.10102402082508e-06F);
  p = step(p, s, -5.69250639462346e-05F);
  p = step(p, s, -7.34990630326855e-04F);
  p = step(p, s, -2.95459980854025e-03F);
  p = step(p, s, -1.60960333262415e-02F);
  Vector q = hn::Set(d, -1.45660718464996e-05F);
  q = step(q, s, -2.13374055278905e-04F);
  q = step(q, s, -1.68282697438203e-03F);
  q = step(q, s, -7.37332916720468e-03F);
  q = step(q, s, -1.42647390514189e-02F);
  return hn::Div(hn::Mul(v, p), q);
}

HWY_INLINE Vector gelu_of(Vector x) {
  const Floats d;
  const Vector erf = erf_of(hn::Mul(x, hn::Set(d, 0.70710678F)));
  return hn::Mul(hn::Mul(x, hn::Set(d, 0.5F)), hn::Add(erf, hn::Set(d, 1.0F)));
}

void run(float* x, std::size_t n) {
  const Floats d;
  std::size_t i = 0;
  // Two at a time: the second one's division starts while the first one's runs.
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const Vector first = gelu_of(hn::LoadU(d, x + i));
    const Vector second = gelu_of(hn::LoadU(d, x + i + kLanes));
    hn::StoreU(first, d, x + i);
    hn::StoreU(second, d, x + i + kLanes);
  }
  for (; i < n; i += kLanes) store_first(gelu_of(load_first(x + i, n - i, 0)), n - i, x + i);
}

HWY_INLINE Vector slope_of(Vector x) {
  const Floats d;
  const Vector half = hn::Set(d, 0.5F);
  const Vector distribution = hn::MulAdd(erf_of(hn::Mul(x, hn::Set(d, 0.70710678F))), half, half);
  const Vector density = hn::Mul(exp_of(hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5F))), hn::Set(d, 0.39894228F));
  return hn::MulAdd(x, density, distribution);
}

void run_backward(const float* x, float* d_y, std::size_t n) {
  const Floats d;
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const Vector first = slope_of(hn::LoadU(d, x + i));
    const Vector second = slope_of(hn::LoadU(d, x + i + kLanes));
    hn::StoreU(hn::Mul(hn::LoadU(d, d_y + i), first), d, d_y + i);
    hn::StoreU(hn::Mul(hn::LoadU(d, d_y + i + kLanes), second), d, d_y + i + kLanes);
  }
  for (; i < n; i += kLanes) {
    const Vector slope = slope_of(load_first(x + i, n - i, 0));
    store_first(hn::Mul(load_first(d_y + i, n - i, 0), slope), n - i, d_y + i);
  }
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);
HWY_EXPORT(run_backward);

void gelu_simd(float* x, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(run)(x, n);
}

void gelu_backward_simd(const float* x, float* d, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(run_backward)(x, d, n);
}

}  // namespace attune::nn::kernels
#endif
