// Times of single queries, summed up.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "attune/eval.hpp"

namespace attune {

// Percentiles by nearest rank; zeros for no times at all.
inline Latency summarise(std::vector<double> milliseconds) {
  if (milliseconds.empty()) return {};
  std::ranges::sort(milliseconds);
  const auto at = [&](double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(milliseconds.size())));
    return milliseconds[std::max<std::size_t>(rank, 1) - 1];
  };
  return {at(0.50), at(0.95), at(0.99)};
}

}  // namespace attune
