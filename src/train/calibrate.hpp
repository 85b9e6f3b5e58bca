// Scores made into probabilities.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "attune/model/joint.hpp"

namespace attune::train {

struct JudgedScore {
  float score = 0;
  bool relevant = false;
  double weight = 1;
};

// Platt's calibration by Newton's method: the slope and offset that make the judgements most likely, with his smoothed
// targets. Needs a relevant and another score; without them, or where a higher score is no better, nothing.
std::optional<Calibration> fit_calibration(std::span<const JudgedScore> judged);

// The expected calibration error (attune/eval.hpp) of what a calibration promises.
double calibration_error(const Calibration& calibration, std::span<const JudgedScore> judged);

}  // namespace attune::train
