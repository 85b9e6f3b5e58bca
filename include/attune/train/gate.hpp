// Training the gate (attune/rewrite/gate.hpp): judged conversations are searched with each of its settings, and it
// learns from what is in front of a question which setting finds most.
//
// Part of the room `train`. Deterministic.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/rewrite/gate.hpp"

namespace attune::train {

// One judged question: nDCG@10 with each setting.
struct GateExample {
  GateFeatures features = {};
  std::array<double, kGateSettings.size()> gain = {};
  std::size_t group = 0;  // of one conversation: held out together
};

struct GateFit {
  double hurt_cost = 3;  // what a setting loses against the unchanged question counts so many times
  double weight_decay = 0.01;
  std::size_t steps = 2000;
  double rate = 0.02;
};
// Maximises the mean over examples of Σ_s p_s · utility_s, where utility is the gain over the unchanged question,
// losses counted hurt_cost times.
ConversationGate fit_gate(std::span<const GateExample> examples, const GateFit& fit = {});

struct GateTraining {
  std::vector<std::filesystem::path> datasets;  // in the BEIR layout, with conversations.jsonl
  std::filesystem::path models;                 // as in EvalOptions
  std::filesystem::path cache;
  std::filesystem::path output;
  std::filesystem::path examples;  // JSON lines of what it learnt from are written here; "": nowhere
  GateFit fit = {};
  int threads = 0;
};
struct GateReport {
  std::size_t queries = 0;
  // Mean nDCG@10 with each setting, and with the likeliest setting of a gate that had not seen the conversation (five
  // folds).
  std::array<double, kGateSettings.size()> settings = {};
  double gate = 0;
  std::size_t helped = 0;  // by that gate, against the unchanged question
  std::size_t hurt = 0;
};
// Fails as load_dataset and build_collection, with bad_input if a data set is kept for evaluation or if there is no
// conversation, with io.
Result<GateReport> train_gate(const GateTraining& training, const std::function<void(std::string_view)>& tell = {},
                              const std::stop_token& stop = {});

}  // namespace attune::train
