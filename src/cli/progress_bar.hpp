// A progress bar with rate and time left: on a terminal one line that is drawn again, elsewhere nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "attune/pipeline.hpp"

namespace attune::cli {

class ProgressBar {
 public:
  explicit ProgressBar(bool enabled) : enabled_(enabled) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  void show(const IngestProgress& progress);
  // Removes the line, so that other output can follow.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_;
  bool drawn_ = false;
  IngestProgress::Phase phase_ = IngestProgress::Phase::scanning;
  Clock::time_point phase_start_ = Clock::now();
  Clock::time_point last_drawn_;
};

// The line without colours: "reading   [#####     ]  50%  12/24  31.2 files/s  1 s left  manual.md".
std::string progress_line(const IngestProgress& progress, double seconds, std::size_t columns);

}  // namespace attune::cli
