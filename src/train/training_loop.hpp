// The loop that all training shares: gradients from several threads, a step of the optimiser, measurements now and
// then, checkpoints, and a log that a person can look at.
//
// Everything follows from the task, the options and the step's number. A step is cut into lanes, and each lane's
// gradients are one chain of sums; lanes are added in their order. So a run gives the same weights to the bit with any
// number of threads, and whether it was stopped and gone on with or not.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"

#include "train/adamw.hpp"

namespace attune::train {

struct LaneResult {
  double loss = 0;           // summed over examples
  std::size_t examples = 0;  // groups, sentences: what the loss is a mean over
  std::size_t pairs = 0;     // what speed is counted in
};

struct Measurement {
  double measure = 0;                                   // what early stopping watches: higher is better
  std::vector<std::pair<std::string, double>> numbers;  // what the log shows: name and value
};

class Task {
 public:
  virtual ~Task() = default;
  [[nodiscard]] virtual std::vector<float> first_weights() const = 0;
  [[nodiscard]] virtual std::vector<WeightGroup> weight_groups() const = 0;
  // To be called whenever weights changed, before any other call.
  virtual void use(std::span<const float> weights) = 0;
  // Adds the gradient of lane `lane` of step `step` (from 1). Called from several threads at once for different lanes.
  virtual Result<LaneResult> run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) = 0;
  virtual Result<Measurement> measure() = 0;
};

struct LoopOptions {
  std::string recipe;  // names the run: a checkpoint of another is refused
  std::filesystem::path folder;
  std::size_t lanes = 2;
  int threads = 0;
  LearningRate learning_rate;
  AdamWOptions adamw;
  double clip = 1;           // of the gradient's norm; 0: none
  double average_decay = 0;  // of the moving average of weights that is measured and kept; 0: the weights themselves
  std::uint64_t measure_every = 100;
  std::uint64_t patience = 0;  // measurements without a better one before the run ends early; 0: never
  std::chrono::seconds checkpoint_every{60};
  std::uint64_t stop_after = 0;  // steps in this call; 0: no bound
};

struct LoopProgress {
  std::uint64_t step = 0;
  std::uint64_t steps = 0;
  double loss = 0;  // a moving average
  double pairs_per_second = 0;
  std::chrono::seconds left{0};
  const Measurement* measurement = nullptr;  // just taken, or null
};

struct LoopResult {
  std::vector<float> weights;  // the best measured ones
  std::uint64_t step = 0;      // steps done in all calls
  std::uint64_t best_step = 0;
  double best_measure = 0;
  double first_measure = 0;  // before the first step
  bool finished = false;     // all steps done, or patience at an end
};

// Runs or goes on with a run whose checkpoint, log (log.jsonl) and curve (loss.svg) stand in options.folder, which is
// made if absent. On `stop` it saves a checkpoint and returns what there is. Fails with io, with conflict if the folder
// holds another run's checkpoint, and as the task does.
Result<LoopResult> run_training(Task& task, const LoopOptions& options,
                                const std::function<void(const LoopProgress&)>& progress, const std::stop_token& stop);

}  // namespace attune::train
