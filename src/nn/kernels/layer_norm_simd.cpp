#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/layer_norm_simd.cpp"
#include <cmath>

#include "nn/kernels/layer_norm.h"
#include "nn/kernels/simd.h"
#include "nn/kernels/simd_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

void run(const LayerNormRow& row) {
  if (row.width == 0) return;
  const Floats d;
  const float n = static_cast<float>(row.width);
  Vector sum = hn::Zero(d);
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    Vector v = load_first(row.x + i, left, 0);
    if (row.residual != nullptr) {
      v = hn::Add(v, load_first(row.residual + i, left, 0));
      store_first(v, left, row.x + i);
    }
    sum = hn::Add(sum, v);
  }
  const float mean = sum_of_lanes(sum) / n;
  const Vector mean_v = hn::Set(d, mean);
  Vector square = hn::Zero(d);
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    // Lanes behind the row hold the mean, whose distance is 0.
    const Vector distance = hn::Sub(load_first(row.x + i, row.width - i, mean), mean_v);
    square = hn::MulAdd(distance, distance, square);
  }
  const Vector factor = hn::Set(d, 1.0F / std::sqrt(sum_of_lanes(square) / n + row.epsilon));
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    const Vector distance = hn::Mul(hn::Sub(load_first(row.x + i, left, 0), mean_v), factor);
    store_first(hn::MulAdd(distance, load_first(row.scale + i, left, 0), load_first(row.shift + i, left, 0)), left,
                row.x + i);
  }
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);

void add_layer_norm_simd(const LayerNormRow& row) {
  HWY_DYNAMIC_DISPATCH(run)(row);
}

}  // namespace attune::nn::kernels
#endif
