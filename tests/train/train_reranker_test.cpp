#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "attune/model/joint.hpp"
#include "attune/train/reranker.hpp"

#include "temporary_folder.hpp"
#include "train/loss_curve.hpp"

namespace attune::train {
namespace {

using attune::testing::TemporaryFolder;

// Houses, of which each passage says one thing. The right one names a colour: the question does not ask for it, so the
// cosine does not know, and a model has to learn it.
std::string houses(std::size_t count) {
  const std::vector<std::string> names{"Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gum", "Hazel"};
  const std::vector<std::string> kinds{"House", "Mill", "Tower", "Barn", "Inn"};
  const std::vector<std::string> colours{"red", "green", "blue", "yellow", "white"};
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = names[i % 8] + " " + kinds[i / 8 % 5] + " " + std::to_string(i);
    lines += R"({"lang":"en","query":"tell me about )" + name + R"(","positives":[")" + name + " has a " +
             colours[i * 7 % 5] + R"( door."],"negatives":[")" + name + " was built in 18" +
             std::to_string(10 + i % 80) + ".\",\"" + name + " has " + std::to_string(2 + i % 9) + " rooms.\",\"" +
             name + " stands beside the river.\"]}\n";
  }
  return lines;
}

RerankerTraining small_training(const TemporaryFolder& folder) {
  folder.write("houses.jsonl", houses(120));
  RerankerTraining training;
  Recipe& recipe = training.recipe;
  recipe.name = "houses";
  recipe.held_out = 0.2;
  recipe.group_size = 4;
  recipe.easy = 0;
  recipe.data.push_back({.path = "houses.jsonl"});
  recipe.mining.options.keep = 4;
  recipe.mining.margin = -1;
  recipe.model.lower_layers = 10;
  recipe.model.upper_layers = 2;
  recipe.model.max_tokens = 48;
  recipe.optimiser.learning_rate = 2e-4;
  recipe.schedule.steps = 24;
  recipe.schedule.warm_up = 4;
  recipe.schedule.groups_per_step = 8;
  recipe.schedule.measure_every = 12;
  recipe.schedule.measured_groups = 40;
  recipe.schedule.measured_passages = 4;
  training.embedder = ATTUNE_SOURCE_DIR "/models/embedder";
  training.data = folder.path();
  training.folder = folder.path() / "run";
  training.cache = folder.path() / "cache";
  training.output = folder.path() / "model.safetensors";
  return training;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

double mean_loss(const RunLog& log, std::size_t first, std::size_t count) {
  double sum = 0;
  for (std::size_t i = first; i < first + count; ++i) sum += log.losses[i].value;
  return sum / static_cast<double>(count);
}

}  // namespace

TEST_CASE("training a reranker learns what the cosine does not know: loss falls, nDCG of held-out groups rises") {
  const TemporaryFolder folder;
  const RerankerTraining training = small_training(folder);
  bool told_measures = false;
  const auto report = train_reranker(
      training, [&](const TrainingProgress& now) { told_measures = told_measures || !now.measured.empty(); });
  REQUIRE(report);
  CHECK(report->finished);
  CHECK(report->steps == 24);
  CHECK(told_measures);
  CHECK(report->measured_by == "nDCG@10");
  CHECK(report->first_measure < 0.85);
  CHECK(report->best_measure > report->first_measure + 0.1);
  const RunLog log = read_log(training.folder / "log.jsonl", 24);
  REQUIRE(log.losses.size() == 24);
  CHECK(mean_loss(log, 18, 6) < 0.7 * mean_loss(log, 0, 6));
  const auto model = load_joint_model(training.output);
  REQUIRE(model);
  CHECK(model->name == "houses");
  CHECK(model->notes.at("recipe").find("houses.jsonl") != std::string::npos);
}

TEST_CASE("a reranker's training that is stopped, and goes on with another number of threads, gives the same file") {
  const TemporaryFolder whole;
  const TemporaryFolder parts;
  RerankerTraining training = small_training(whole);
  training.recipe.model.one_sided = true;
  training.recipe.optimiser.dropout = 0.1;
  training.recipe.schedule.steps = 8;
  training.recipe.augmentation.typos = 0.5;
  training.recipe.augmentation.upper_case = 0.3;
  training.threads = 2;
  REQUIRE(train_reranker(training));

  RerankerTraining again = small_training(parts);
  again.recipe = training.recipe;
  again.threads = 1;
  std::stop_source stop;
  const auto stopped = train_reranker(
      again,
      [&](const TrainingProgress& now) {
        if (now.phase == TrainingProgress::Phase::training && now.done == 3) stop.request_stop();
      },
      stop.get_token());
  REQUIRE(stopped);
  CHECK_FALSE(stopped->finished);
  CHECK(stopped->steps == 3);
  again.threads = 2;
  const auto rest = train_reranker(again);
  REQUIRE(rest);
  CHECK(rest->finished);
  CHECK(content(again.output) == content(training.output));
}

TEST_CASE(
    "late interaction starts from what tokens have in common, of passages and of queries, and training keeps it") {
  const TemporaryFolder folder;
  RerankerTraining training = small_training(folder);
  training.recipe.model.late_weight = 30;
  training.recipe.schedule.steps = 6;
  training.recipe.schedule.best = "loss";
  const auto report = train_reranker(training);
  REQUIRE(report);
  CHECK(report->measured_by == "loss");
  CHECK(report->first_measure == doctest::Approx(report->first_loss));
  CHECK(report->best_measure == doctest::Approx(report->best_loss));
  CHECK(report->best_loss < report->first_loss);
  const auto model = load_joint_model(training.output);
  REQUIRE(model);
  const auto head = joint_head(model->shape, std::span<const float>(model->weights));
  const auto embedder = open_embedder(training.embedder);
  REQUIRE(embedder);
  const auto groups = read_groups(folder.path() / "houses.jsonl");
  REQUIRE(groups);
  const std::vector<std::string_view> texts(groups->passages.begin(), groups->passages.end());
  const auto read = (*embedder)->read(texts, EmbedRole::passage, {training.recipe.model.lower_layers, 48});
  REQUIRE(read);
  const std::size_t width = model->shape.width;
  const double tokens = static_cast<double>(read->states.size() / width);
  double largest = 0;
  for (std::size_t i = 0; i < width; ++i) {
    double mean = 0;
    for (std::size_t at = i; at < read->states.size(); at += width) mean += static_cast<double>(read->states[at]);
    CHECK(static_cast<double>(head.late_passage_centre[i]) == doctest::Approx(mean / tokens).epsilon(0.02));
    largest = std::max(largest, std::abs(mean / tokens));
  }
  CHECK(largest > 1);
  CHECK_FALSE(std::ranges::equal(head.late_query_centre, head.late_passage_centre));
}

TEST_CASE("a dry run counts what there is and estimates time and memory without training") {
  const TemporaryFolder folder;
  const RerankerTraining training = small_training(folder);
  const auto estimate = estimate_reranker(training);
  REQUIRE(estimate);
  CHECK(estimate->groups == 120);
  CHECK(estimate->passages == 480);
  CHECK(estimate->steps == 24);
  CHECK(estimate->pairs == 24 * 8 * 4);
  CHECK(estimate->tokens > 480 * 5);
  CHECK(estimate->tokens < 480 * 48);
  CHECK(estimate->training_seconds > 0);
  CHECK(estimate->memory_bytes > 50U << 20U);
  CHECK_FALSE(std::filesystem::exists(training.folder));
  CHECK_FALSE(std::filesystem::exists(training.output));
}

}  // namespace attune::train
