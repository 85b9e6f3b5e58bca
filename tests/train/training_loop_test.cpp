#include "train/training_loop.hpp"

#include <cmath>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "../temporary_folder.hpp"
#include "train/checkpoint.hpp"
#include "train/loss_curve.hpp"

namespace attune::train {
namespace {

using attune::testing::TemporaryFolder;

// Weights that should become 1, 2, 3 …, seen through noise that follows from step and lane.
class NoisyTask final : public Task {
 public:
  std::vector<float> first_weights() const override { return std::vector<float>(6, 0.0F); }
  std::vector<WeightGroup> weight_groups() const override { return {{0, 4, true, 1}, {4, 2, false, 2}}; }
  void use(std::span<const float> weights) override { weights_.assign(weights.begin(), weights.end()); }
  Result<LaneResult> run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) override {
    LaneResult result;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const auto noise = static_cast<float>(std::sin(static_cast<double>(step * 31 + lane * 7 + i)));
      const float difference = weights_[i] - static_cast<float>(i + 1) + noise;
      gradient[i] += difference;
      result.loss += 0.5 * static_cast<double>(difference * difference);
    }
    result.examples = 1;
    result.pairs = 8;
    return result;
  }
  Result<Measurement> measure() override {
    double distance = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const double difference = static_cast<double>(weights_[i]) - static_cast<double>(i + 1);
      distance += difference * difference;
    }
    return Measurement{-distance, {{"distance", distance}}};
  }

 private:
  std::vector<float> weights_;
};

LoopOptions options_in(const std::filesystem::path& folder) {
  LoopOptions options;
  options.recipe = "a recipe";
  options.folder = folder;
  options.learning_rate = {0.05, 5, 60, 0.1};
  options.average_decay = 0.9;
  options.measure_every = 10;
  options.checkpoint_every = std::chrono::seconds(0);  // after every step
  return options;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a run that is stopped three times ends with the bits of one that never was, with one thread or two") {
  const TemporaryFolder whole_folder;
  const TemporaryFolder cut_folder;
  NoisyTask task;
  LoopOptions options = options_in(whole_folder.path());
  options.threads = 1;
  const auto whole = run_training(task, options, {}, {});
  REQUIRE(whole);
  CHECK(whole->finished);
  CHECK(whole->step == 60);

  options = options_in(cut_folder.path());
  options.threads = 2;
  for (const std::uint64_t steps : {7, 20, 1}) {
    options.stop_after = steps;
    NoisyTask again;  // a new process knows nothing
    const auto part = run_training(again, options, {}, {});
    REQUIRE(part);
    CHECK_FALSE(part->finished);
  }
  options.stop_after = 0;
  NoisyTask last;
  const auto rest = run_training(last, options, {}, {});
  REQUIRE(rest);
  CHECK(rest->weights == whole->weights);
  CHECK(rest->best_step == whole->best_step);
  const auto a = load_checkpoint(whole_folder.path() / "checkpoint.bin");
  const auto b = load_checkpoint(cut_folder.path() / "checkpoint.bin");
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->weights == b->weights);
  CHECK(a->optimiser.variance == b->optimiser.variance);
  CHECK(a->average == b->average);
}

TEST_CASE("training comes nearer to what it is to learn, and the picture of its loss is kept beside the weights") {
  const TemporaryFolder folder;
  NoisyTask task;
  std::vector<double> measures;
  const auto result = run_training(task, options_in(folder.path()),
                                   [&](const LoopProgress& now) {
                                     if (now.measurement != nullptr) measures.push_back(now.measurement->measure);
                                   },
                                   {});
  REQUIRE(result);
  REQUIRE(measures.size() == 7);  // before the first step, then after every tenth
  CHECK(measures.back() > measures.front() + 10);
  const RunLog log = read_log(folder.path() / "log.jsonl", 60);
  CHECK(log.losses.size() == 60);
  CHECK(log.measures.size() == 7);
  CHECK(log.losses.back().value < log.losses.front().value);
  const std::string svg = content(folder.path() / "loss.svg");
  CHECK(svg.starts_with("<svg"));
  CHECK(svg.find("polyline class=\"loss\"") != std::string::npos);
}

TEST_CASE("lines of the log behind the checkpoint are taken back when a run goes on") {
  const TemporaryFolder folder;
  NoisyTask task;
  LoopOptions options = options_in(folder.path());
  options.stop_after = 10;
  REQUIRE(run_training(task, options, {}, {}));
  std::ofstream(folder.path() / "log.jsonl", std::ios::app) << R"({"step":11,"loss":9,"learning_rate":1})"
                                                            << "\n{\"st";
  REQUIRE(run_training(task, options, {}, {}));
  const RunLog log = read_log(folder.path() / "log.jsonl", 1000);
  REQUIRE(log.losses.size() == 20);
  CHECK(log.losses[10].step == 11);
  CHECK(log.losses[10].value != 9);
}

TEST_CASE("a folder that holds another run is refused, and so is a damaged checkpoint") {
  const TemporaryFolder folder;
  NoisyTask task;
  LoopOptions options = options_in(folder.path());
  options.stop_after = 3;
  REQUIRE(run_training(task, options, {}, {}));
  options.recipe = "another";
  const auto refused = run_training(task, options, {}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::conflict);

  const std::filesystem::path file = folder.path() / "checkpoint.bin";
  const std::string bytes = content(file);
  for (const std::string& damaged : {bytes.substr(0, bytes.size() / 2), std::string("x") + bytes.substr(1),
                                     bytes.substr(0, bytes.size() - 100) + "!" + bytes.substr(bytes.size() - 99)}) {
    std::ofstream(file, std::ios::binary) << damaged;
    CHECK_FALSE(load_checkpoint(file));
  }
}

TEST_CASE("patience ends a run that gets no better, and the best weights are given back") {
  const TemporaryFolder folder;
  NoisyTask task;
  LoopOptions options = options_in(folder.path());
  options.learning_rate = {0.5, 0, 5000, 1};  // so fast that it only jumps about
  options.average_decay = 0;
  options.measure_every = 5;
  options.patience = 4;
  const auto result = run_training(task, options, {}, {});
  REQUIRE(result);
  CHECK(result->finished);
  CHECK(result->step == result->best_step + 20);
}

TEST_CASE("AdamW moves weights as PyTorch's does") {
  // torch.optim.AdamW(lr=0.1, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01), gradients [0.5, -1], [0.25, 2], [-3, 0]
  std::vector<float> weights{1.0F, -2.0F};
  AdamWState state;
  state.reset(2);
  const AdamWOptions options;
  const std::vector<WeightGroup> groups{{0, 2, true, 1}};
  const float gradients[3][2] = {{0.5F, -1}, {0.25F, 2}, {-3, 0}};
  const double expected[3][2] = {{0.899000200, -1.898000100}, {0.804613737, -1.932607468}, {0.852980122, -1.959030606}};
  for (std::uint64_t step = 1; step <= 3; ++step) {
    adamw_step(options, groups, step, 0.1, gradients[step - 1], state, weights);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(static_cast<double>(weights[i]) == doctest::Approx(expected[step - 1][i]).epsilon(1e-6));
    }
  }
}

TEST_CASE("the learning rate rises over the warm-up and falls to its floor") {
  const LearningRate schedule{1.0, 10, 110, 0.2};
  CHECK(learning_rate_at(schedule, 1) == doctest::Approx(0.1));
  CHECK(learning_rate_at(schedule, 10) == doctest::Approx(1.0));
  CHECK(learning_rate_at(schedule, 60) == doctest::Approx(0.6));
  CHECK(learning_rate_at(schedule, 110) == doctest::Approx(0.2));
  CHECK(learning_rate_at(schedule, 500) == doctest::Approx(0.2));
}

}  // namespace attune::train
