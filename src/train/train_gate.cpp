#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/eval.hpp"
#include "attune/train/gate.hpp"
#include "attune/train/recipe.hpp"

#include "train/adamw.hpp"
#include "train/randomness.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kFolds = 5;
constexpr const char* kMeasure = "nDCG@10";
constexpr std::size_t kFeatures = kGateFeatures.size();

// What a person who has just read it is not looking for: passages that the conversation itself says.
void leave_out_what_was_said(const Dataset& dataset, Run& run) {
  std::map<std::string_view, std::vector<std::string_view>> by_text;
  for (const DatasetText& text : dataset.corpus) by_text[text.text].push_back(text.id);
  for (auto& [query, documents] : run) {
    const auto history = dataset.histories.find(query);
    if (history == dataset.histories.end()) continue;
    std::set<std::string_view> said;
    for (const std::string& turn : history->second) {
      const auto found = by_text.find(turn);
      if (found != by_text.end()) said.insert(found->second.begin(), found->second.end());
    }
    std::erase_if(documents, [&](const RankedDocument& document) { return said.contains(document.id); });
  }
}

Result<std::map<std::string, double>> per_query(const Dataset& dataset, const Run& run) {
  std::map<std::string, double> values;
  const std::string measure = kMeasure;
  for (const auto& [query, judged] : dataset.qrels) {
    const auto documents = run.find(query);
    if (documents == run.end()) continue;
    const auto measured = evaluate({{query, judged}}, {{query, documents->second}}, std::span(&measure, 1));
    if (!measured) return measured.error();
    values[query] = measured->at(measure);
  }
  return values;
}

Status add_dataset(const std::filesystem::path& folder, const GateTraining& training,
                   const std::function<void(std::string_view)>& tell, const std::stop_token& stop,
                   std::vector<GateExample>& examples) {
  auto dataset = load_dataset(folder);
  if (!dataset) return dataset.error();
  EvalOptions options;
  options.models = training.models;
  options.cache = training.cache;
  options.threads = training.threads;
  if (tell) tell("indexing " + dataset->name);
  const auto workspace = build_collection(*dataset, options, true, {}, stop);
  if (!workspace) return workspace.error();
  std::erase_if(dataset->queries, [&](const DatasetText& query) { return !dataset->histories.contains(query.id); });
  std::map<std::string, GateExample> found;
  for (const DatasetText& query : dataset->queries) {
    const std::vector<std::string>& history = dataset->histories.at(query.id);
    const auto rewriting = (*workspace)->rewriter().rewrite({history, query.text});
    if (!rewriting) return rewriting.error();
    GateExample& example = found[query.id];
    example.features = rewriting->features;
    example.group = static_cast<std::size_t>(stable_hash(history.empty() ? query.text : history.front()));
  }
  for (std::size_t setting = 0; setting < kGateSettings.size(); ++setting) {
    if (tell) tell("searching " + dataset->name + ": " + std::string(kGateSettings[setting].name));
    options.share = kGateSettings[setting].share;
    const std::string measure = kMeasure;
    auto result = run_retrieval(**workspace, *dataset, "hybrid+rewrite", std::span(&measure, 1), options, stop);
    if (!result) return result.error();
    leave_out_what_was_said(*dataset, result->run);
    const auto values = per_query(*dataset, result->run);
    if (!values) return values.error();
    for (auto& [query, example] : found) {
      const auto value = values->find(query);
      if (value != values->end()) example.gain[setting] = value->second;
    }
  }
  for (auto& [query, example] : found) examples.push_back(example);
  return {};
}

std::array<double, kGateSettings.size()> utilities(const GateExample& example, double hurt_cost) {
  std::array<double, kGateSettings.size()> out = {};
  for (std::size_t setting = 0; setting < out.size(); ++setting) {
    const double gain = example.gain[setting] - example.gain[0];
    out[setting] = gain < 0 ? hurt_cost * gain : gain;
  }
  return out;
}

std::size_t likeliest(const ConversationGate& gate, const GateFeatures& features) {
  const auto p = gate.probabilities(features);
  return static_cast<std::size_t>(std::ranges::max_element(p) - p.begin());
}

Status write_examples(const std::filesystem::path& file, std::span<const GateExample> examples) {
  std::string lines;
  for (const GateExample& example : examples) {
    const nlohmann::ordered_json line = {
        {"features", example.features}, {kMeasure, example.gain}, {"group", example.group}};
    lines += line.dump() + "\n";
  }
  return write_file_durably(file, lines);
}

}  // namespace

ConversationGate fit_gate(std::span<const GateExample> examples, const GateFit& fit) {
  std::vector<float> weights(kGateSettings.size() * kFeatures, 0.0F);
  const auto gate_of = [&] {
    ConversationGate gate;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      gate.weights[i / kFeatures][i % kFeatures] = static_cast<double>(weights[i]);
    }
    return gate;
  };
  const WeightGroup all{.first = 0, .count = weights.size(), .decays = true, .rate = 1};
  AdamWOptions how;
  how.weight_decay = fit.weight_decay;
  AdamWState state;
  state.reset(weights.size());
  for (std::size_t step = 1; step <= fit.steps && !examples.empty(); ++step) {
    const ConversationGate gate = gate_of();
    std::vector<double> gradient(weights.size(), 0);
    for (const GateExample& example : examples) {
      const auto p = gate.probabilities(example.features);
      const auto utility = utilities(example, fit.hurt_cost);
      double mean = 0;
      for (std::size_t s = 0; s < p.size(); ++s) mean += p[s] * utility[s];
      // d(-mean) / d(logit_s) = -p_s (utility_s - mean)
      for (std::size_t s = 0; s < p.size(); ++s) {
        const double d = -p[s] * (utility[s] - mean) / static_cast<double>(examples.size());
        for (std::size_t i = 0; i < kFeatures; ++i) gradient[s * kFeatures + i] += d * example.features[i];
      }
    }
    const std::vector<float> rounded(gradient.begin(), gradient.end());
    adamw_step(how, std::span(&all, 1), step, fit.rate, rounded, state, weights);
  }
  return gate_of();
}

Result<GateReport> train_gate(const GateTraining& training, const std::function<void(std::string_view)>& tell,
                              const std::stop_token& stop) {
  std::vector<GateExample> examples;
  for (const std::filesystem::path& folder : training.datasets) {
    if (const Status fine = check_training_path(folder); !fine) return fine.error();
    if (const Status added = add_dataset(folder, training, tell, stop, examples); !added) return added.error();
  }
  if (examples.empty()) return Error{ErrorKind::bad_input, "there are no judged conversations to learn from"};
  if (!training.examples.empty()) {
    if (const Status written = write_examples(training.examples, examples); !written) return written.error();
  }
  GateReport report;
  report.queries = examples.size();
  const auto count = static_cast<double>(examples.size());
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    std::vector<GateExample> seen;
    for (const GateExample& example : examples) {
      if (example.group % kFolds != fold) seen.push_back(example);
    }
    const ConversationGate gate = fit_gate(seen, training.fit);
    for (const GateExample& example : examples) {
      if (example.group % kFolds != fold) continue;
      for (std::size_t s = 0; s < example.gain.size(); ++s) report.settings[s] += example.gain[s] / count;
      const double chosen = example.gain[likeliest(gate, example.features)];
      report.gate += chosen / count;
      if (chosen > example.gain[0]) ++report.helped;
      if (chosen < example.gain[0]) ++report.hurt;
    }
  }
  if (const Status saved = save_gate(fit_gate(examples, training.fit), training.output); !saved) return saved.error();
  return report;
}

}  // namespace attune::train
