#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/round_weights_simd.cpp"
#include <cstring>

#include "nn/kernels/round_weights.h"
#include "nn/kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
using Pairs = hn::CappedTag<std::uint16_t, 32>;
using Fours = hn::CappedTag<std::uint32_t, 16>;
constexpr std::size_t kLanes = HWY_MAX_BYTES / sizeof(float) < 16 ? HWY_MAX_BYTES / sizeof(float) : 16;
constexpr std::size_t kVectors = kQuantGroup / kLanes;

#if HWY_TARGET != HWY_SCALAR
// The sums of each lane's bytes. Eight bytes of sixteen in a row stand in the low, the others in the high halves of
// four numbers of 32 bits.
template <typename Bytes>
HWY_INLINE auto lane_sums(Bytes bytes) {
  const Pairs d16;
  const Fours d32;
  const auto both = hn::BitCast(d16, bytes);
  auto sums = hn::BitCast(d32, hn::Add(hn::And(both, hn::Set(d16, 0xFF)), hn::ShiftRight<8>(both)));
  sums = hn::Add(sums, hn::Shuffle2301(sums));
  return hn::BitCast(d16, hn::Add(sums, hn::Shuffle1032(sums)));
}

// True if neither the positive nor the negative weights of any lane add up to too much.
bool lanes_fit(const std::int8_t* values) {
  const Pairs d16;
  const hn::Repartition<std::int8_t, Pairs> d8;
  auto largest = hn::Zero(d16);
  for (std::size_t i = 0; i < kQuantGroup; i += 4 * kLanes) {
    const auto bytes = hn::Load(d8, values + i);
    largest = hn::Max(largest, lane_sums(hn::Max(bytes, hn::Zero(d8))));
    largest = hn::Max(largest, lane_sums(hn::Max(hn::Neg(bytes), hn::Zero(d8))));
  }
  alignas(64) std::uint16_t lanes[2 * kLanes];
  hn::Store(largest, d16, lanes);
  std::uint16_t most = 0;
  for (const std::uint16_t lane : lanes) most = lane > most ? lane : most;
  return most <= kMaxLaneSum;
}
#else
bool lanes_fit(const std::int8_t*) {
  return false;
}  // no vectors to shuffle: fit_lanes looks itself
#endif

void round_whole(const float* w, const float* factor, RoundedWeights& to) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> d32;
  const hn::Rebind<std::int8_t, Floats> d8;
  alignas(64) float numbers[kQuantGroup];
  auto largest = hn::Zero(d);
  for (std::size_t i = 0; i < kVectors; ++i) {
    auto v = hn::LoadU(d, w + i * kLanes);
    if (factor != nullptr) v = hn::Mul(v, hn::LoadU(d, factor + i * kLanes));
    hn::Store(v, d, numbers + i * kLanes);
    largest = hn::Max(largest, hn::Abs(v));
  }
  const float most = hn::GetLane(hn::MaxOfLanes(d, largest));
  to.scale = most / static_cast<float>(kMaxWeight);
  const auto inverse = hn::Set(d, most > 1e-30F ? static_cast<float>(kMaxWeight) / most : 0.0F);
  auto sum = hn::Zero(d32);
  for (std::size_t i = 0; i < kVectors; ++i) {
    const auto whole = hn::NearestInt(hn::Mul(hn::Load(d, numbers + i * kLanes), inverse));
    sum = hn::Add(sum, whole);
    hn::StoreU(hn::DemoteTo(d8, whole), d8, to.values + i * kLanes);
  }
  to.sum = hn::GetLane(hn::SumOfLanes(d32, sum));
  if (!lanes_fit(to.values)) fit_lanes(numbers, to);
}

void run(const RoundWeights& group, RoundedWeights& to) {
  if (group.n == kQuantGroup) return round_whole(group.w, group.factor, to);
  float w[kQuantGroup] = {};
  float factor[kQuantGroup] = {};
  std::memcpy(w, group.w, group.n * sizeof(float));
  if (group.factor != nullptr) std::memcpy(factor, group.factor, group.n * sizeof(float));
  round_whole(w, group.factor == nullptr ? nullptr : factor, to);
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);

void round_weights_simd(const RoundWeights& group, RoundedWeights& to) {
  HWY_DYNAMIC_DISPATCH(run)(group, to);
}

}  // namespace attune::nn::kernels
#endif
