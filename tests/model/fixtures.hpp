// The tiny encoders of tests/model/fixtures, and what `transformers` computes with them.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "model/reference_encoder.hpp"

namespace attune::testing {

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(ATTUNE_SOURCE_DIR "/tests/model/fixtures") / name;
}

inline constexpr const char* kFixtures[] = {"bert",        "bert-tanh-gelu",   "bert-pairs", "roberta-pairs",
                                            "xlm-roberta", "distilbert-pairs", "distilbert"};
inline constexpr const char* kExportedFixtures[] = {"bert", "bert-tanh-gelu", "bert-pairs", "roberta-pairs",
                                                    "distilbert-pairs"};

inline nlohmann::json golden(const std::string& name) {
  std::ifstream file(fixture(name) / "golden.json");
  return nlohmann::json::parse(file);
}

// Runs the weights through the reference and holds hidden states and logits against the golden numbers.
inline void check_golden(const EncoderWeights& weights, const std::string& name, double tolerance) {
  const ReferenceEncoder encoder(weights);
  const nlohmann::json wanted = golden(name);
  for (const nlohmann::json& sequence : wanted["sequences"]) {
    const auto ids = sequence["ids"].get<std::vector<std::int32_t>>();
    const auto states = encoder.hidden_states(ids, sequence["token_types"].get<std::vector<std::int32_t>>());
    REQUIRE(states.size() == sequence["layers"].size());
    double worst = 0;
    for (std::size_t layer = 0; layer < states.size(); ++layer) {
      const auto values = sequence["layers"][layer].get<std::vector<double>>();
      REQUIRE(values.size() == ids.size() * weights.shape.width);
      for (std::size_t index = 0; index < values.size(); ++index) {
        const double found = states[layer][index / weights.shape.width][index % weights.shape.width];
        worst = std::max(worst, std::abs(found - values[index]));
      }
    }
    CHECK(worst < tolerance);
    CHECK(weights.head.has_value() == sequence.contains("logits"));
    if (!weights.head) continue;
    const auto logits = encoder.logits(states.back());
    const auto values = sequence["logits"].get<std::vector<double>>();
    REQUIRE(logits.size() == values.size());
    for (std::size_t label = 0; label < values.size(); ++label)
      CHECK(std::abs(logits[label] - values[label]) < tolerance);
  }
}

}  // namespace attune::testing
