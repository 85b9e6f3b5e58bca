// The log of a run, and its picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "attune/core/result.hpp"

namespace attune::train {

struct LogPoint {
  std::uint64_t step = 0;
  double value = 0;
};
struct RunLog {
  std::vector<LogPoint> losses;
  std::vector<LogPoint> measures;
};

// Reads log.jsonl up to `last_step`; what a stopped run wrote behind its checkpoint is left out. A missing file is an
// empty log.
RunLog read_log(const std::filesystem::path& file, std::uint64_t last_step);

// A self-contained SVG: the loss of each step with its moving average, and the measurements.
std::string draw_loss_curve(const RunLog& log);

}  // namespace attune::train
