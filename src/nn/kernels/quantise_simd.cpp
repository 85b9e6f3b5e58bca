#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/quantise_simd.cpp"
#include <cstring>

#include "nn/kernels/gemm_i8.h"
#include "nn/kernels/quantise.h"
#include "nn/kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
constexpr std::size_t kLanes = HWY_MAX_BYTES / sizeof(float) < 16 ? HWY_MAX_BYTES / sizeof(float) : 16;

// One whole group.
void quantise_group(const float* x, const float* factor, std::size_t group, const QuantiseRow& row) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> d32;
  const hn::Rebind<std::uint8_t, Floats> d8;
  constexpr std::size_t kVectors = kQuantGroup / kLanes;
  alignas(64) float scaled[kQuantGroup];
  auto low = hn::Zero(d);
  auto high = hn::Zero(d);
  for (std::size_t i = 0; i < kVectors; ++i) {
    auto v = hn::LoadU(d, x + i * kLanes);
    if (factor != nullptr) v = hn::Mul(v, hn::LoadU(d, factor + i * kLanes));
    hn::Store(v, d, scaled + i * kLanes);
    low = hn::Min(low, v);
    high = hn::Max(high, v);
  }
  const GroupRange range = group_range(hn::GetLane(hn::MinOfLanes(d, low)), hn::GetLane(hn::MaxOfLanes(d, high)));
  row.scale[group] = range.scale;
  row.zero[group] = range.zero;
  // Adding 1.5 · 2^23 rounds to a whole number, to nearest, and leaves it in the lowest bits.
  constexpr float kRounder = 12582912.0F;
  const auto inverse = hn::Set(d, range.inverse);
  const auto zero = hn::Set(d, kRounder + range.zero);
  const auto least = hn::Set(d, kRounder);
  const auto most = hn::Set(d, kRounder + static_cast<float>(kMaxActivation));
  const auto low_byte = hn::Set(d32, 0x7F);
  std::uint8_t* q = row.q + group * kQuantGroup;
  for (std::size_t i = 0; i < kVectors; ++i) {
    const auto whole = hn::MulAdd(hn::Load(d, scaled + i * kLanes), inverse, zero);
    const auto bounded = hn::Min(hn::Max(whole, least), most);
    hn::StoreU(hn::DemoteTo(d8, hn::And(hn::BitCast(d32, bounded), low_byte)), d8, q + i * kLanes);
  }
}

void run(const QuantiseRow& row) {
  std::size_t group = 0;
  std::size_t start = 0;
  for (; start + kQuantGroup <= row.n; start += kQuantGroup, ++group) {
    quantise_group(row.x + start, row.factor == nullptr ? nullptr : row.factor + start, group, row);
  }
  if (start == row.n) return;
  // Zeros behind the row quantise to the zero point.
  float x[kQuantGroup] = {};
  float factor[kQuantGroup] = {};
  std::memcpy(x, row.x + start, (row.n - start) * sizeof(float));
  if (row.factor != nullptr) std::memcpy(factor, row.factor + start, (row.n - start) * sizeof(float));
  quantise_group(x, row.factor == nullptr ? nullptr : factor, group, row);
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);

void quantise_row_simd(const QuantiseRow& row) {
  HWY_DYNAMIC_DISPATCH(run)(row);
}

}  // namespace attune::nn::kernels
#endif
