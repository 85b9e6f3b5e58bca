// Training a reranker: from a recipe to a file of joint layers that stands beside the embedder's.
//
// The way: groups out of the recipe's data, hard negatives (train/groups.hpp), teachers' scores, what the frozen lower
// layers say of each passage, then the steps. All of it is kept in folders, so that a run that is stopped goes on where
// it was. Deterministic: recipe, data and embedder give the same file to the bit, whatever the number of threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/train/recipe.hpp"

namespace attune::train {

struct RerankerTraining {
  Recipe recipe;
  std::filesystem::path embedder;     // folder of the encoder, unless the recipe names one
  std::filesystem::path data;         // folder that the recipe's paths start from
  std::filesystem::path folder;       // of the run: checkpoint, log, loss curve; made if absent
  std::filesystem::path cache;        // of mined negatives, teachers' scores and passages' states
  std::filesystem::path output;       // file that the best weights are written to
  std::filesystem::path keep_scores;  // file that the teachers' scores are written to, instead of training; may be ""
  int threads = 0;                    // 0: one for each core
};

struct TrainingProgress {
  enum class Phase { embedding, searching, teaching, reading, training } phase = Phase::embedding;
  std::string of;          // the source or teacher at work
  std::uint64_t done = 0;  // texts, groups or steps
  std::uint64_t total = 0;
  // While training:
  double loss = 0;  // a moving average
  double pairs_per_second = 0;
  std::chrono::seconds left{0};
  std::vector<std::pair<std::string, double>> measured = {};  // just now; empty: nothing
};
using TrainingProgressSink = std::function<void(const TrainingProgress&)>;

struct RerankerReport {
  std::uint64_t steps = 0;  // done in all calls
  bool finished = false;    // false: stopped, the next call goes on
  std::uint64_t best_step = 0;
  std::string measured_by = {};  // "nDCG@10" or "loss" of the held-out groups: what decided, as the recipe wishes
  double first_measure = 0;      // that before the first step, a mean of each source's, alike
  double best_measure = 0;
  double first_loss = 0;         // of the held-out groups, as first_measure
  double best_loss = 0;          // the smallest
  double calibration_error = 0;  // expected, of the held-out groups' relevance; 0 where there was nothing to calibrate
  std::size_t groups = 0;
  std::size_t passages = 0;
};

// Trains or goes on (or keeps teachers' scores and stops). The output is written when the run is finished or stopped,
// from the best weights so far. Fails as prepare_groups, mine and Embedder::read do, with conflict if the folder holds
// another run, and with io.
Result<RerankerReport> train_reranker(const RerankerTraining& training, const TrainingProgressSink& progress = {},
                                      const std::stop_token& stop = {});

// What train_reranker would do, from counting texts and timing a little of each kind of work on this machine.
struct TrainingEstimate {
  std::size_t groups = 0;
  std::size_t passages = 0;
  std::size_t tokens = 0;  // of all passages, as they are read
  std::uint64_t steps = 0;
  std::uint64_t pairs = 0;         // of all steps
  double preparation_seconds = 0;  // vectors, teachers, states; none of it is subtracted for what is kept already
  double training_seconds = 0;     // steps and measurements
  std::uint64_t memory_bytes = 0;  // at most at the same time
  std::uint64_t disk_bytes = 0;    // of kept states
};
Result<TrainingEstimate> estimate_reranker(const RerankerTraining& training, const std::stop_token& stop = {});

}  // namespace attune::train
