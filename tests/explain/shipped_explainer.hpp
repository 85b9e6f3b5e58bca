// The model that ships, opened once, and the sentences that the tests explain.
#pragma once

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/explain.hpp"

namespace attune::testing {

inline constexpr const char* kEnglish = "The animal didn't cross the street because it was too tired";
inline constexpr const char* kChinese = "动物没有过马路，因为它太累了";

inline const AttentionExplainer& shipped_explainer() {
  static const auto explainer = AttentionExplainer::open(ATTUNE_SOURCE_DIR "/models/embedder");
  REQUIRE_MESSAGE(explainer, (explainer ? "" : explainer.error().text));
  return **explainer;
}

inline AttentionExplanation explained(const AttentionRequest& request) {
  auto explanation = shipped_explainer().explain(request);
  REQUIRE_MESSAGE(explanation, (explanation ? "" : explanation.error().text));
  return std::move(explanation).value();
}

inline AttentionRequest request_for(const std::string& text, const std::string& token = "") {
  AttentionRequest request;
  request.text = text;
  request.token = token;
  return request;
}

}  // namespace attune::testing
