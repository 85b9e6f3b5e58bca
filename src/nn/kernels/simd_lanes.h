// The vectors that the element-wise kernels use, and how they treat the last, incomplete one of a row: by copies in
// memory of their own, so that nothing behind a row is read or written. Included by *_simd.cpp behind simd.h.
#if defined(ATTUNE_SIMD_LANES_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SIMD_LANES_H
#undef ATTUNE_SIMD_LANES_H
#else
#define ATTUNE_SIMD_LANES_H
#endif

#include <cstddef>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Floats>;
constexpr std::size_t kLanes = HWY_MAX_BYTES / sizeof(float) < 16 ? HWY_MAX_BYTES / sizeof(float) : 16;

// Up to kLanes numbers from `from`; the lanes behind them hold `filler`.
HWY_INLINE Vector load_first(const float* from, std::size_t count, float filler) {
  const Floats d;
  if (count >= kLanes) return hn::LoadU(d, from);
  alignas(64) float memory[kLanes];
  hn::Store(hn::Set(d, filler), d, memory);
  std::memcpy(memory, from, count * sizeof(float));
  return hn::Load(d, memory);
}

HWY_INLINE void store_first(Vector v, std::size_t count, float* to) {
  const Floats d;
  if (count >= kLanes) {
    hn::StoreU(v, d, to);
    return;
  }
  alignas(64) float memory[kLanes];
  hn::Store(v, d, memory);
  std::memcpy(to, memory, count * sizeof(float));
}

// The sum of all lanes, always in the same order.
HWY_INLINE float sum_of_lanes(Vector v) {
  return hn::GetLane(hn::SumOfLanes(Floats(), v));
}

}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
