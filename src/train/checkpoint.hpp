// Checkpoints: all that a training run needs to go on as if it had never stopped.
//
// One file, written beside the old one and renamed, so that a stop at any moment (kill -9, power) leaves a whole one.
// What is not in here follows from the step's number and the seed: batches, augmentation, dropout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "attune/core/result.hpp"

#include "train/adamw.hpp"

namespace attune::train {

struct Checkpoint {
  std::string recipe;      // names what is trained on what, and how: another one is not gone on with
  std::uint64_t step = 0;  // steps done
  std::vector<float> weights;
  AdamWState optimiser;
  std::vector<float> average;  // of the weights over time; empty: none is kept
  std::vector<float> best;     // the weights with the best measurement so far; empty: none was taken
  double best_measure = 0;
  double first_measure = 0;  // before the first step
  std::uint64_t best_step = 0;
};

// Fails with io.
Status save_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);
// Fails with not_found, io, corrupt (cut off, changed), unsupported (another version).
Result<Checkpoint> load_checkpoint(const std::filesystem::path& file);

}  // namespace attune::train
