#include "train/edit_pass.hpp"

#include <cmath>
#include <random>

#include <doctest/doctest.h>

namespace attune::train {
namespace {

std::vector<float> numbers(std::size_t count, std::uint64_t seed, float size) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> draw(0, size);
  std::vector<float> out(count);
  for (float& number : out) number = draw(random);
  return out;
}

EditModel small_model() {
  EditModel model;
  model.glue = {"", "的", "'s"};
  model.shape = {.lower_layers = 1, .upper_layers = 2, .turns = 4, .places = 2, .glue = 3, .layer = {16, 2, 24}};
  const auto layout = edit_layout(model.shape);
  model.weights = numbers(layout.back().first + layout.back().count(), 3, 0.3F);
  for (const WeightSlice& slice : layout) {
    if (!slice.name.ends_with(".scale")) continue;
    for (std::size_t i = 0; i < slice.count(); ++i) model.weights[slice.first + i] += 1;
  }
  return model;
}

// Two turns of history and a question of three units; a second conversation that is left as it is.
struct Conversations {
  std::vector<EditRow> first, second;
  std::vector<float> first_states, second_states;
  EditTargets first_targets, second_targets;
  std::vector<EditExample> examples;
};

Conversations some_conversations(std::size_t width) {
  using enum EditRow::Kind;
  Conversations all;
  all.first = {{mark, 2, 0},    {history, 2, 0}, {history, 2, 1},  {mark, 2, 0},     {history, 1, 0},  {history, 1, 0},
               {history, 1, 1}, {mark, 1, 0},    {question, 0, 0}, {question, 0, 0}, {question, 0, 1}, {end, 0, 0}};
  all.second = {{mark, 1, 0}, {history, 1, 0}, {mark, 1, 0}, {question, 0, 0}, {end, 0, 0}};
  all.first_states = numbers(all.first.size() * width, 5, 1);
  all.second_states = numbers(all.second.size() * width, 6, 1);
  all.first_targets.remove = {true, false, false};
  all.first_targets.insertions = {{0, {{0, 1}, {3, 4}}, 0, 1}, {3, {{2, 2}}, 2, 0}};
  all.second_targets.remove = {false};
  return all;
}

void point_at(Conversations& all) {
  all.examples = {{all.first, all.first_states, &all.first_targets},
                  {all.second, all.second_states, &all.second_targets}};
}

double loss_of(const EditShape& shape, std::span<const float> weights, std::span<const EditExample> examples,
               const LayerDropout& dropout) {
  TrainableEdit packed;
  packed.pack(shape, weights);
  EditPass pass;
  return pass.run(shape, packed, weights, examples, dropout, {});
}

float log_sigmoid(float x) {
  return -std::log1p(std::exp(-x));
}

}  // namespace

TEST_CASE("edit layers' gradients are what finite differences say, tensor by tensor, with dropout") {
  for (const double rate : {0.0, 0.2}) {
    CAPTURE(rate);
    const EditModel model = small_model();
    Conversations all = some_conversations(model.shape.layer.width);
    point_at(all);
    const LayerDropout dropout{rate, 42};
    TrainableEdit packed;
    packed.pack(model.shape, model.weights);
    EditPass pass;
    std::vector<float> gradient(model.weights.size(), 0.0F);
    const double loss = pass.run(model.shape, packed, model.weights, all.examples, dropout, gradient);
    CHECK(loss == doctest::Approx(loss_of(model.shape, model.weights, all.examples, dropout)));
    for (const WeightSlice& slice : edit_layout(model.shape)) {
      CAPTURE(slice.name);
      const std::vector<float> direction = numbers(slice.count(), 77, 1);
      double expected = 0;
      double size = 0;
      for (std::size_t i = 0; i < slice.count(); ++i) {
        const auto d = static_cast<double>(gradient[slice.first + i]);
        expected += d * static_cast<double>(direction[i]);
        size += d * d;
      }
      constexpr double kStep = 1e-3;
      double sides[2] = {0, 0};
      for (const int side : {0, 1}) {
        std::vector<float> moved = model.weights;
        for (std::size_t i = 0; i < slice.count(); ++i) {
          moved[slice.first + i] +=
              static_cast<float>((side == 0 ? kStep : -kStep) * static_cast<double>(direction[i]));
        }
        sides[side] = loss_of(model.shape, moved, all.examples, dropout);
      }
      // FP32 sums leave noise of about 1e-6 / step.
      CHECK(std::abs((sides[0] - sides[1]) / (2 * kStep) - expected) <= 0.02 * std::sqrt(size) + 5e-3);
    }
  }
}

TEST_CASE("edit layers in use give the probabilities that training sees") {
  const EditModel model = small_model();
  Conversations all = some_conversations(model.shape.layer.width);
  point_at(all);
  const auto layers = EditLayers::pack(model, nn::Precision::f32);
  const auto scores = layers->score(all.first, all.first_states);
  REQUIRE(scores);
  CHECK(scores->until == std::vector<std::size_t>{2, 2, 5, 5, 5});
  double sum = 0;
  for (std::size_t unit = 0; unit < 3; ++unit) sum -= log_sigmoid((unit == 0 ? 1 : -1) * scores->remove[unit]);
  for (std::size_t slot = 0; slot < 4; ++slot) {
    sum -= log_sigmoid((slot == 0 || slot == 3 ? 1 : -1) * scores->insert[slot]);
  }
  const auto start = [&](std::size_t slot, std::size_t source) { return scores->start[slot * 5 + source]; };
  sum -= std::log(std::exp(start(0, 0)) + std::exp(start(0, 3)));
  const std::size_t chosen = start(0, 0) >= start(0, 3) ? 0 : 3;
  sum -= scores->ends(0, chosen)[1];
  sum -= start(3, 2) + scores->ends(3, 2)[0];
  sum -= scores->before[0] + scores->after[1] + scores->before[3 * 3 + 2] + scores->after[3 * 3];
  const double trained = loss_of(model.shape, model.weights, std::span(all.examples).first(1), {});
  CHECK(sum == doctest::Approx(trained).epsilon(1e-4));
}

TEST_CASE("edit layers' loss of several conversations is the sum of each one's, and rows that do not fit are refused") {
  const EditModel model = small_model();
  Conversations all = some_conversations(model.shape.layer.width);
  point_at(all);
  const std::span<const EditExample> examples = all.examples;
  CHECK(loss_of(model.shape, model.weights, examples, {}) ==
        doctest::Approx(loss_of(model.shape, model.weights, examples.first(1), {}) +
                        loss_of(model.shape, model.weights, examples.subspan(1), {})));
  const auto layers = EditLayers::pack(model, nn::Precision::f32);
  std::vector<EditRow> broken = all.second;
  broken.back().kind = EditRow::Kind::mark;
  CHECK(layers->score(broken, all.second_states).error().kind == ErrorKind::bad_input);
  broken = all.second;
  broken.front().turn = 4;
  CHECK(layers->score(broken, all.second_states).error().text.find("row 1") != std::string::npos);
}

}  // namespace attune::train
