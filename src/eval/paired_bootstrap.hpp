// Paired bootstrap: how much a measure, and the difference of two systems' measures, would vary on other rows of the
// same kind.
//
// Private to the eval room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "eval/rewrite_measures.hpp"

namespace attune {

struct SystemIntervals {
  std::map<std::string, Interval> metrics;
  std::map<std::string, Interval> differences;  // to the first system
};

struct BootstrapOptions {
  std::size_t resamples = 0;
  std::uint64_t seed = 0;
};

// `systems`: each with one entry a row, all for the same rows. Each resample draws as many rows as there are, with
// repetition, the same for all systems. A measure that is absent from a resample is left out of its interval. Fails
// with cancelled.
Result<std::vector<SystemIntervals>> paired_bootstrap(std::span<const std::vector<RewriteCounts>> systems,
                                                      const BootstrapOptions& options, const std::stop_token& stop);

}  // namespace attune
