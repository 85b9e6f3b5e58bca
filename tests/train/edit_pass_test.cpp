#include "train/edit_pass.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "gradient_check.hpp"

namespace attune::train {
namespace {

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
    check_gradient(edit_layout(model.shape), model.weights, gradient,
                   [&](const std::vector<float>& moved) { return loss_of(model.shape, moved, all.examples, dropout); });
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
