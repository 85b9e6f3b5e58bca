#include "nn/kernels/dropout.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "attune/nn/training.hpp"

namespace attune::nn {
namespace {

// Every bit of the answer hangs on every bit of x ("splitmix64").
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

}  // namespace

void dropout(const Dropout& mask, std::span<float> x) {
  assert(mask.probability >= 0 && mask.probability < 1);
  if (mask.probability <= 0) return;
  constexpr std::uint64_t kStretch = std::uint64_t{1} << 32U;  // the kernel counts in 32 bits, a key for each stretch
  const auto threshold = static_cast<std::int32_t>(std::lround(mask.probability * (1 << 24)));
  const auto scale = static_cast<float>(1.0 / (1.0 - mask.probability));
  for (std::size_t done = 0; done < x.size();) {
    const std::uint64_t at = mask.counter + done;
    const std::size_t count = std::min<std::size_t>(x.size() - done, kStretch - at % kStretch);
    const std::uint64_t key = mix(mix(mask.seed) ^ (at / kStretch));
    kernels::dropout({.x = x.data() + done,
                      .n = count,
                      .first = static_cast<std::uint32_t>(at % kStretch),
                      .low_key = static_cast<std::uint32_t>(key % kStretch),
                      .high_key = static_cast<std::uint32_t>(key / kStretch),
                      .threshold = threshold,
                      .scale = scale});
    done += count;
  }
}

}  // namespace attune::nn
