#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/layer_norm_simd.cpp"
#include <cmath>

#include "nn/kernels/layer_norm.h"
#include "nn/kernels/simd.h"
#include "nn/kernels/simd_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

float run(const LayerNormRow& row) {
  if (row.width == 0) return 0;
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
  const float scalar_factor = 1.0F / std::sqrt(sum_of_lanes(square) / n + row.epsilon);
  const Vector factor = hn::Set(d, scalar_factor);
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    const Vector distance = hn::Mul(hn::Sub(load_first(row.x + i, left, 0), mean_v), factor);
    store_first(hn::MulAdd(distance, load_first(row.scale + i, left, 0), load_first(row.shift + i, left, 0)), left,
                row.x + i);
    if (row.normalised != nullptr) store_first(distance, left, row.normalised + i);
  }
  return scalar_factor;
}

void run_backward(const LayerNormBackwardRow& row) {
  if (row.width == 0) return;
  const Floats d;
  Vector sum = hn::Zero(d);
  Vector product = hn::Zero(d);
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    const Vector d_y = load_first(row.d + i, left, 0);
    const Vector normalised = load_first(row.normalised + i, left, 0);
    const Vector g = hn::Mul(d_y, load_first(row.scale + i, left, 0));
    sum = hn::Add(sum, g);
    product = hn::MulAdd(g, normalised, product);
    if (row.d_scale == nullptr) continue;
    store_first(hn::MulAdd(d_y, normalised, load_first(row.d_scale + i, left, 0)), left, row.d_scale + i);
    store_first(hn::Add(d_y, load_first(row.d_shift + i, left, 0)), left, row.d_shift + i);
  }
  const float n = static_cast<float>(row.width);
  const Vector mean = hn::Set(d, sum_of_lanes(sum) / n);
  const Vector mean_product = hn::Set(d, sum_of_lanes(product) / n);
  const Vector factor = hn::Set(d, row.factor);
  for (std::size_t i = 0; i < row.width; i += kLanes) {
    const std::size_t left = row.width - i;
    const Vector g = hn::Mul(load_first(row.d + i, left, 0), load_first(row.scale + i, left, 0));
    const Vector rest = hn::NegMulAdd(load_first(row.normalised + i, left, 0), mean_product, hn::Sub(g, mean));
    store_first(hn::Mul(rest, factor), left, row.d + i);
  }
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);
HWY_EXPORT(run_backward);

float add_layer_norm_simd(const LayerNormRow& row) {
  return HWY_DYNAMIC_DISPATCH(run)(row);
}

void layer_norm_backward_simd(const LayerNormBackwardRow& row) {
  HWY_DYNAMIC_DISPATCH(run_backward)(row);
}

}  // namespace attune::nn::kernels
#endif
