// The gate: how much a question's conversation is to count when it is searched for, learnt from what searching with it
// brought (`attune train gate`).
//
// Part of the room `rewrite`. A question can be left as it is, searched as the neural rewriter has it, by rules with
// words of the conversation, or all at once; the gate gives each of these settings a probability, from a few numbers
// that say how much the question stands for itself, and each leg counts by their mean. Thread-safe: all state is in the
// arguments.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune {

// How much is searched for beside the question, 0 … 1 each: what the neural rewriter made of it, and what the
// conversation is about (its topics, its last answer).
struct ConversationShare {
  double neural = 1;
  double conversation = 1;
};

struct GateSetting {
  std::string_view name;
  ConversationShare share;
};
constexpr std::array<GateSetting, 5> kGateSettings = {{{"unchanged", {0, 0}},
                                                       {"neural", {1, 0}},
                                                       {"rules", {0, 1}},
                                                       {"neural and a little of the rules", {1, 0.3}},
                                                       {"neural and rules", {1, 1}}}};

// What the gate looks at, each about 0 … 1.
constexpr std::array<std::string_view, 10> kGateFeatures = {
    "always 1",
    "the rewriting model's probability that the question stands for itself",
    "the rule that was there before: how much that alone would let the conversation count",
    "whether the model rewrote it",
    "its probability of the rewrite",
    "words of the question, as log(1 + n) / 3",
    "how rare the rarest of them is in the collection",
    "how rare they are on average",
    "the share of them that the conversation has said",
    "turns before it, as log(1 + n) / 3",
};
using GateFeatures = std::array<double, kGateFeatures.size()>;

struct ConversationGate {
  // [settings, features]; probabilities are the softmax of weights · features.
  std::array<GateFeatures, kGateSettings.size()> weights = {};

  [[nodiscard]] std::array<double, kGateSettings.size()> probabilities(const GateFeatures& features) const;
  // The mean of the settings.
  [[nodiscard]] ConversationShare share(const GateFeatures& features) const;
};

// JSON, with the names of what is looked at. Fails with io; reading with not_found, and with corrupt if the file was
// made for other settings or features.
Status save_gate(const ConversationGate& gate, const std::filesystem::path& file);
Result<ConversationGate> load_gate(const std::filesystem::path& file);

}  // namespace attune
