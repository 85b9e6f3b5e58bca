// Training steps of a reranker's four joint layers (384 wide) on two threads: pairs a second, everything in it that a
// step has but the lower layers, whose states are made up.
//
//   training_bench LENGTHS [STEPS]
//
// LENGTHS: a text file with one "QUERY_TOKENS PASSAGE_TOKENS" a line, eight lines a group, sixteen groups a step.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <vector>

#include "attune/core/work_sharing.hpp"

#include "train/adamw.hpp"
#include "train/joint_layers.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kGroup = 8;
constexpr std::size_t kStep = 128;
constexpr std::size_t kLanes = 2;

std::vector<float> random_numbers(std::size_t count, float size) {
  static std::mt19937 random(1);
  std::normal_distribution<float> normal(0, size);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(random);
  return numbers;
}

int run(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ifstream file(argv[1]);
  std::vector<std::pair<std::size_t, std::size_t>> lengths;
  for (std::size_t query = 0, passage = 0; file >> query >> passage;) lengths.emplace_back(query, passage);
  const int steps = argc > 2 ? std::atoi(argv[2]) : 4;
  const JointShape shape{.lower_layers = 8, .upper_layers = 4, .width = 384, .heads = 12, .feed_forward = 1536};
  const auto layout = joint_layout(shape);
  std::vector<float> weights = random_numbers(layout.back().first + 1, 0.03F);
  const std::vector<float> states = random_numbers(512 * shape.width, 1);
  TrainableJoint packed;
  std::vector<JointPass> passes(kLanes);
  std::vector<std::vector<float>> gradients(kLanes);
  AdamWState adamw;
  adamw.reset(weights.size());
  const std::vector<WeightGroup> groups{{0, weights.size(), true, 1}};

  double best = 1e9;
  for (int step = 0; step < steps; ++step) {
    const auto started = std::chrono::steady_clock::now();
    packed.pack(shape, weights, kLanes);
    share_out<int>(kLanes, kLanes, {}, [&](std::size_t lane, int&) {
      gradients[lane].assign(weights.size(), 0.0F);
      for (std::size_t first = lane * kGroup; first + kGroup <= kStep; first += kLanes * kGroup) {
        std::vector<PairStates> pairs;
        for (std::size_t i = first; i < first + kGroup; ++i) {
          const auto [query, passage] = lengths[i % lengths.size()];
          pairs.push_back({std::span(states).first(query * shape.width),
                           std::span(states).subspan(shape.width, passage * shape.width), 0.5F});
        }
        std::vector<float> scores(kGroup);
        passes[lane].forward(shape, packed, weights, pairs, {}, scores);
        passes[lane].backward(scores, gradients[lane]);
      }
    });
    for (std::size_t i = 0; i < weights.size(); ++i) gradients[0][i] += gradients[1][i];
    const auto scale = static_cast<float>(1 / std::max(gradient_norm(gradients[0]), 1.0));
    for (float& g : gradients[0]) g *= scale;
    adamw_step({}, groups, static_cast<std::uint64_t>(step) + 1, 1e-5, gradients[0], adamw, weights);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  }
  std::printf("Attune   %.1f pairs/s\n", static_cast<double>(kStep) / best);
  return 0;
}

}  // namespace
}  // namespace attune::train

int main(int argc, char** argv) {
  return attune::train::run(argc, argv);
}
