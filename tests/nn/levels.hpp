// Runs a check at every level that this processor has, and leaves the level as it was.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn.hpp"

#include "nn/cpu_level.hpp"

namespace attune::nn::testing {

template <typename Check>
void at_every_level(Check check) {
  const CpuLevel before = cpu_level();
  for (const CpuLevel level : available_cpu_levels()) {
    use_cpu_level(level);
    const std::string name(cpu_level_name(level));
    CAPTURE(name);
    check();
  }
  use_cpu_level(before);
}

// Numbers from -range to range, always the same for a seed.
inline std::vector<float> numbers(std::size_t count, float range, std::uint32_t seed) {
  std::vector<float> row(count);
  for (float& value : row) {
    seed = seed * 1664525U + 1013904223U;
    value = (static_cast<float>(seed >> 8U) / 8388608.0F - 1.0F) * range;
  }
  return row;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace attune::nn::testing
