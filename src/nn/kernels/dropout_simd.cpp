#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/dropout_simd.cpp"
#include "nn/kernels/dropout.h"
#include "nn/kernels/simd.h"
#include "nn/kernels/simd_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

using Words = hn::Rebind<std::uint32_t, Floats>;
using Bits = hn::Vec<Words>;

HWY_INLINE Bits hash(Bits x) {
  const Words d;
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(d, 0x7FEB352DU));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(d, 0x846CA68BU));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

void run(const DropoutRow& row) {
  const Floats d;
  const Words words;
  const hn::Rebind<std::int32_t, Floats> whole;
  const Bits low_key = hn::Set(words, row.low_key);
  const Bits high_key = hn::Set(words, row.high_key);
  const auto threshold = hn::Set(whole, row.threshold);
  const Vector scale = hn::Set(d, row.scale);
  for (std::size_t i = 0; i < row.n; i += kLanes) {
    const Bits place = hn::Iota(words, row.first + static_cast<std::uint32_t>(i));
    const Bits bits = hn::ShiftRight<8>(hash(hn::Xor(hash(hn::Xor(place, low_key)), high_key)));
    // 24 bits are the same number with a sign, and numbers with a sign compare at every level.
    const auto dropped = hn::RebindMask(d, hn::Lt(hn::BitCast(whole, bits), threshold));
    const Vector x = hn::Mul(load_first(row.x + i, row.n - i, 0), scale);
    store_first(hn::IfThenZeroElse(dropped, x), row.n - i, row.x + i);
  }
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);

void dropout_simd(const DropoutRow& row) {
  HWY_DYNAMIC_DISPATCH(run)(row);
}

}  // namespace attune::nn::kernels
#endif
