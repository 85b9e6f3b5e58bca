// AdamW: which way and how far weights move for a gradient.
// I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization, ICLR 2019.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune::train {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-6;
  double weight_decay = 0.01;  // of matrices; biases, norms and the head's numbers keep their size
};

// A stretch of the weights that is treated alike.
struct WeightGroup {
  std::size_t first = 0;
  std::size_t count = 0;
  bool decays = false;
  double rate = 1;  // times the learning rate
};

// What is remembered from step to step, a number for each weight.
struct AdamWState {
  std::vector<float> mean;      // of gradients
  std::vector<float> variance;  // of their squares, not centred
  void reset(std::size_t weights);
};

// One step in place; `step` counts from 1. Weights outside all groups stay as they are.
void adamw_step(const AdamWOptions& options, std::span<const WeightGroup> groups, std::uint64_t step,
                double learning_rate, std::span<const float> gradient, AdamWState& state, std::span<float> weights);

// √(Σ g²), summed in double in the order of the numbers.
double gradient_norm(std::span<const float> gradient);

// Linear from 0 over `warm_up` steps, then falling linearly to `floor` · peak at step `steps`. Steps count from 1.
struct LearningRate {
  double peak = 1e-4;
  std::uint64_t warm_up = 0;
  std::uint64_t steps = 1;
  double floor = 0;
};
double learning_rate_at(const LearningRate& schedule, std::uint64_t step);

}  // namespace attune::train
