#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/softmax_simd.cpp"
#include <cfloat>

#include "nn/kernels/simd.h"
#include "nn/kernels/simd_exp.h"
#include "nn/kernels/simd_lanes.h"
#include "nn/kernels/softmax.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

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

void run_backward(const float* y, float* d_y, std::size_t n, float scale) {
  const Floats d;
  Vector sum = hn::Zero(d);
  for (std::size_t i = 0; i < n; i += kLanes) {
    sum = hn::MulAdd(load_first(y + i, n - i, 0), load_first(d_y + i, n - i, 0), sum);
  }
  const Vector mean = hn::Set(d, sum_of_lanes(sum));
  const Vector factor = hn::Set(d, scale);
  for (std::size_t i = 0; i < n; i += kLanes) {
    const Vector distance = hn::Sub(load_first(d_y + i, n - i, 0), mean);
    store_first(hn::Mul(hn::Mul(load_first(y + i, n - i, 0), distance), factor), n - i, d_y + i);
  }
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);
HWY_EXPORT(run_backward);

float exp_row_simd(float* x, std::size_t n, float scale) {
  return HWY_DYNAMIC_DISPATCH(run)(x, n, scale);
}

void softmax_backward_simd(const float* y, float* d, std::size_t n, float scale) {
  HWY_DYNAMIC_DISPATCH(run_backward)(y, d, n, scale);
}

}  // namespace attune::nn::kernels
#endif
