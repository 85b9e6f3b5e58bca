#include "attune/rewrite/gate.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

namespace attune {
namespace {

constexpr const char* kFormat = "attune-gate";
constexpr std::size_t kLargestFile = 1U << 20U;

nlohmann::ordered_json names_of_settings() {
  auto names = nlohmann::ordered_json::array();
  for (const GateSetting& setting : kGateSettings) names.push_back(setting.name);
  return names;
}

}  // namespace

std::array<double, kGateSettings.size()> ConversationGate::probabilities(const GateFeatures& features) const {
  std::array<double, kGateSettings.size()> p = {};
  for (std::size_t setting = 0; setting < p.size(); ++setting) {
    for (std::size_t i = 0; i < features.size(); ++i) p[setting] += weights[setting][i] * features[i];
  }
  const double highest = *std::ranges::max_element(p);
  double sum = 0;
  for (double& number : p) sum += number = std::exp(number - highest);
  for (double& number : p) number /= sum;
  return p;
}

ConversationShare ConversationGate::share(const GateFeatures& features) const {
  const auto p = probabilities(features);
  ConversationShare mean{0, 0};
  for (std::size_t setting = 0; setting < p.size(); ++setting) {
    mean.neural += p[setting] * kGateSettings[setting].share.neural;
    mean.conversation += p[setting] * kGateSettings[setting].share.conversation;
  }
  return mean;
}

Status save_gate(const ConversationGate& gate, const std::filesystem::path& file) {
  const nlohmann::ordered_json json = {
      {"format", kFormat}, {"settings", names_of_settings()}, {"features", kGateFeatures}, {"weights", gate.weights}};
  return write_file_durably(file, json.dump(2) + "\n");
}

Result<ConversationGate> load_gate(const std::filesystem::path& file) {
  const auto text = read_file(file, kLargestFile);
  if (!text) return text.error();
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  const auto corrupt = [&](const char* what) {
    return Error{ErrorKind::corrupt, "'" + to_utf8(file) + "': this is no gate of this program: " + what};
  };
  if (!json.is_object() || json.value("format", "") != kFormat) return corrupt("its format is another");
  if (!json.contains("settings") || json["settings"] != nlohmann::json(names_of_settings())) {
    return corrupt("its settings are others");
  }
  if (!json.contains("features") || json["features"] != nlohmann::json(kGateFeatures)) {
    return corrupt("it looks at something else");
  }
  ConversationGate gate;
  const auto rows = json.find("weights");
  if (rows == json.end() || !rows->is_array() || rows->size() != gate.weights.size()) {
    return corrupt("its weights are not one row for each setting");
  }
  for (std::size_t setting = 0; setting < gate.weights.size(); ++setting) {
    const auto& row = (*rows)[setting];
    const bool fits = row.is_array() && row.size() == kGateFeatures.size() &&
                      std::ranges::all_of(row, [](const nlohmann::json& number) { return number.is_number(); });
    if (!fits) return corrupt("its weights are not one number for each feature");
    for (std::size_t i = 0; i < row.size(); ++i) gate.weights[setting][i] = row[i].get<double>();
  }
  return gate;
}

}  // namespace attune
