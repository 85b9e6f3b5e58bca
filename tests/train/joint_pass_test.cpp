#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "attune/model/joint.hpp"

#include "train/joint_layers.hpp"

namespace attune::train {
namespace {

JointShape small_shape(bool one_sided) {
  return {.lower_layers = 1, .upper_layers = 2, .one_sided = one_sided, .width = 16, .heads = 2, .feed_forward = 24};
}

std::vector<float> random_numbers(std::size_t count, unsigned seed, float size) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, size);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(random);
  return numbers;
}

// Weights near what layers have: small matrices, LayerNorms near one.
JointModel small_model(bool one_sided) {
  JointModel model;
  model.shape = small_shape(one_sided);
  const auto layout = joint_layout(model.shape);
  model.weights = random_numbers(layout.back().first + layout.back().count(), 3, 0.3F);
  for (const WeightSlice& slice : layout) {
    if (!slice.name.ends_with(".scale")) continue;
    for (std::size_t i = 0; i < slice.count(); ++i) model.weights[slice.first + i] += 1;
  }
  return model;
}

// Pairs of unequal lengths; passages are numbers that 8 bits hold exactly, so both engines read the same.
struct Pairs {
  std::vector<std::vector<float>> queries, passages;
  std::vector<RoundedStates> rounded;
  std::vector<PairStates> states;
  std::vector<JointLayers::Pair> pairs;
};

Pairs some_pairs(std::size_t width) {
  Pairs made;
  const std::size_t lengths[][2] = {{3, 5}, {1, 1}, {4, 17}, {2, 9}};
  unsigned seed = 10;
  for (const auto& [query, passage] : lengths) {
    made.queries.push_back(random_numbers(query * width, ++seed, 1));
    made.passages.push_back(random_numbers(passage * width, ++seed, 1));
    round_states(width, made.passages.back(), made.rounded.emplace_back());
    unround_states(made.rounded.back().values, made.rounded.back().scales, made.passages.back());
  }
  for (std::size_t i = 0; i < made.queries.size(); ++i) {
    const float cosine = 0.1F * static_cast<float>(i);
    made.states.push_back({made.queries[i], made.passages[i], cosine});
    made.pairs.push_back({made.queries[i], made.rounded[i].values, made.rounded[i].scales, cosine});
  }
  return made;
}

std::vector<float> scores_of(const JointShape& shape, std::span<const float> weights, std::span<const PairStates> pairs,
                             const LayerDropout& dropout, JointPass& pass) {
  TrainableJoint packed;
  packed.pack(shape, weights);
  std::vector<float> scores(pairs.size());
  pass.forward(shape, packed, weights, pairs, dropout, scores);
  return scores;
}

// A loss whose gradient is `slopes`.
double weighted_sum(std::span<const float> scores, std::span<const float> slopes) {
  double sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    sum += static_cast<double>(scores[i]) * static_cast<double>(slopes[i]);
  return sum;
}

}  // namespace

TEST_CASE("joint layers' gradients are what finite differences say, tensor by tensor, both shapes, with dropout") {
  for (const bool one_sided : {false, true}) {
    for (const double rate : {0.0, 0.2}) {
      CAPTURE(one_sided);
      CAPTURE(rate);
      const JointModel model = small_model(one_sided);
      const Pairs pairs = some_pairs(model.shape.width);
      const std::vector<float> slopes{1.0F, -0.5F, 0.7F, 0.3F};
      const LayerDropout dropout{rate, 42};
      TrainableJoint packed;
      packed.pack(model.shape, model.weights);
      JointPass pass;
      std::vector<float> scores(pairs.states.size());
      pass.forward(model.shape, packed, model.weights, pairs.states, dropout, scores);
      std::vector<float> gradient(model.weights.size(), 0.0F);
      pass.backward(slopes, gradient);

      for (const WeightSlice& slice : joint_layout(model.shape)) {
        CAPTURE(slice.name);
        if (slice.name.ends_with("_centre")) {  // does not learn
          const auto given = std::span(gradient).subspan(slice.first, slice.count());
          CHECK(std::ranges::all_of(given, [](float d) { return d == 0; }));
          continue;
        }
        const std::vector<float> direction = random_numbers(slice.count(), 77, 1);
        double expected = 0;
        double size = 0;
        for (std::size_t i = 0; i < slice.count(); ++i) {
          expected += static_cast<double>(gradient[slice.first + i]) * static_cast<double>(direction[i]);
          size += static_cast<double>(gradient[slice.first + i]) * static_cast<double>(gradient[slice.first + i]);
        }
        constexpr double kStep = 2e-3;
        double sides[2] = {0, 0};
        for (const int side : {0, 1}) {
          std::vector<float> moved = model.weights;
          for (std::size_t i = 0; i < slice.count(); ++i) {
            moved[slice.first + i] +=
                static_cast<float>((side == 0 ? kStep : -kStep) * static_cast<double>(direction[i]));
          }
          JointPass other;
          sides[side] = weighted_sum(scores_of(model.shape, moved, pairs.states, dropout, other), slopes);
        }
        const double found = (sides[0] - sides[1]) / (2 * kStep);
        // FP32 sums leave noise of about 1e-6 / step; a gradient's own size says what matters.
        CHECK(std::abs(found - expected) <= 0.02 * std::sqrt(size) + 2e-3);
      }
    }
  }
}

TEST_CASE("joint layers in use give the scores of the training pass, alone and together, with one and two threads") {
  for (const bool one_sided : {false, true}) {
    CAPTURE(one_sided);
    const JointModel model = small_model(one_sided);
    const Pairs pairs = some_pairs(model.shape.width);
    JointPass pass;
    const std::vector<float> trained = scores_of(model.shape, model.weights, pairs.states, {}, pass);
    const auto layers = JointLayers::pack(model, nn::Precision::f32);
    std::vector<float> together(pairs.pairs.size());
    REQUIRE(layers->score(pairs.pairs, {.threads = 2, .tokens_at_a_time = 12}, together));
    for (std::size_t i = 0; i < together.size(); ++i) {
      CHECK(together[i] == doctest::Approx(trained[i]).epsilon(1e-5));
      float alone = 0;
      REQUIRE(layers->score(std::span(pairs.pairs).subspan(i, 1), {.threads = 1}, std::span(&alone, 1)));
      CHECK(alone == together[i]);
    }
  }
}

TEST_CASE("joint layers in integers are near those in FP32 and do not depend on the batch") {
  const JointModel model = small_model(false);
  const Pairs pairs = some_pairs(model.shape.width);
  std::vector<float> exact(pairs.pairs.size());
  std::vector<float> rounded(pairs.pairs.size());
  REQUIRE(JointLayers::pack(model, nn::Precision::f32)->score(pairs.pairs, {}, exact));
  const auto layers = JointLayers::pack(model, nn::Precision::i8);
  REQUIRE(layers->score(pairs.pairs, {}, rounded));
  for (std::size_t i = 0; i < exact.size(); ++i) {
    CHECK(rounded[i] == doctest::Approx(exact[i]).epsilon(0.05));
    float alone = 0;
    REQUIRE(layers->score(std::span(pairs.pairs).subspan(i, 1), {.threads = 1}, std::span(&alone, 1)));
    CHECK(alone == rounded[i]);
  }
}

TEST_CASE("a pair without a side or with half a token is refused by its number") {
  const JointModel model = small_model(false);
  const Pairs pairs = some_pairs(model.shape.width);
  const auto layers = JointLayers::pack(model, nn::Precision::f32);
  std::vector<JointLayers::Pair> broken = pairs.pairs;
  std::vector<float> out(broken.size());
  broken[1].query = {};
  CHECK(layers->score(broken, {}, out).error().text.find("pair 2") != std::string::npos);
  broken = pairs.pairs;
  broken[2].passage = broken[2].passage.first(3);
  CHECK(layers->score(broken, {}, out).error().kind == ErrorKind::bad_input);
}

}  // namespace attune::train
