#include <doctest/doctest.h>

#include "attune/core/file.hpp"
#include "attune/train/gate.hpp"

#include "temporary_folder.hpp"

namespace attune::train {
namespace {

// Questions that stand for themselves lose by their conversation, the others gain.
std::vector<GateExample> examples() {
  std::vector<GateExample> all;
  for (std::size_t i = 0; i < 40; ++i) {
    GateExample example;
    const bool stands = i % 2 == 0;
    example.features[0] = 1;
    example.features[1] = stands ? 0.9 - 0.001 * static_cast<double>(i) : 0.1 + 0.001 * static_cast<double>(i);
    for (std::size_t s = 0; s < kGateSettings.size(); ++s) {
      example.gain[s] = 0.5 + (stands ? -0.3 : 0.3) * kGateSettings[s].share.conversation;
    }
    example.group = i;
    all.push_back(example);
  }
  return all;
}

GateFeatures standing(double probability) {
  GateFeatures features = {};
  features[0] = 1;
  features[1] = probability;
  return features;
}

std::filesystem::path models_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "models";
}

}  // namespace

TEST_CASE("gate: learns to let the conversation count where that was seen to help, and not where it hurt") {
  const ConversationGate gate = fit_gate(examples());
  CHECK(gate.share(standing(0.1)).conversation > 0.8);
  CHECK(gate.share(standing(0.9)).conversation < 0.2);
  double sum = 0;
  for (const double p : gate.probabilities(standing(0.5))) sum += p;
  CHECK(sum == doctest::Approx(1));
  // Where losses count more, it lets less through.
  auto mixed = examples();
  for (GateExample& example : mixed) example.features[1] = 0.5;
  const double bold = fit_gate(mixed, {.hurt_cost = 0.5}).share(standing(0.5)).conversation;
  const double careful = fit_gate(mixed, {.hurt_cost = 2}).share(standing(0.5)).conversation;
  CHECK(bold > 0.6);
  CHECK(careful < 0.4);
}

TEST_CASE("gate: its file says what it looks at, and another's is refused") {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "gate.json";
  const ConversationGate gate = fit_gate(examples());
  REQUIRE(save_gate(gate, file));
  const auto again = load_gate(file);
  REQUIRE(again);
  CHECK(again->weights == gate.weights);
  std::string text = *read_file(file, 1U << 20U);
  CHECK(text.find(kGateFeatures[1]) != std::string::npos);
  text.replace(text.find("turns before it"), 5, "waves");
  REQUIRE(write_file_durably(file, text));
  CHECK(load_gate(file).error().text.find("looks at something else") != std::string::npos);
  REQUIRE(write_file_durably(file, "{\"format\":\"attune-gate\",\"weights\":[]}"));
  CHECK(load_gate(file).error().kind == ErrorKind::corrupt);
  CHECK(load_gate(folder.path() / "none.json").error().kind == ErrorKind::not_found);
}

TEST_CASE("gate: trained on judged conversations, which evaluation data may not be") {
  const testing::TemporaryFolder folder;
  const auto set = folder.path() / "set";
  std::string corpus;
  std::string queries;
  std::string histories;
  std::string qrels = "query-id\tcorpus-id\tscore\n";
  const char* animals[] = {"otter", "badger", "heron", "beaver", "marten", "falcon"};
  for (const char* animal : animals) {
    for (const char* what : {"food", "home"}) {
      const std::string id = std::string(animal) + "-" + what;
      corpus +=
          R"({"_id":")" + id + R"(","title":"","text":"The )" + what + " of the " + animal + " is told here.\"}\n";
      queries += R"({"_id":"q-)" + id + R"(","text":"what is its )" + what + "?\"}\n";
      histories += R"({"id":"q-)" + id + R"(","history":["tell me about the )" + animal + "\"]}\n";
      qrels += "q-" + id + "\t" + id + "\t1\n";
    }
  }
  std::filesystem::create_directories(set / "qrels");
  REQUIRE(write_file_durably(set / "corpus.jsonl", corpus));
  REQUIRE(write_file_durably(set / "queries.jsonl", queries));
  REQUIRE(write_file_durably(set / "conversations.jsonl", histories));
  REQUIRE(write_file_durably(set / "qrels" / "test.tsv", qrels));
  GateTraining training;
  training.datasets = {set};
  training.models = models_folder();
  training.cache = folder.path() / "cache";
  training.output = folder.path() / "gate.json";
  training.examples = folder.path() / "examples.jsonl";
  const auto report = train_gate(training);
  REQUIRE(report);
  CHECK(report->queries == 12);
  CHECK(report->settings[4] > report->settings[0]);  // everything against the question alone
  CHECK(report->gate > report->settings[0]);
  CHECK(report->helped > report->hurt);
  CHECK(load_gate(training.output));
  CHECK(std::filesystem::file_size(training.examples) > 0);
  training.datasets = {"retrieval/ikat2023-en"};
  CHECK(train_gate(training).error().kind == ErrorKind::bad_input);
}

}  // namespace attune::train
