// Backward passes and losses against PyTorch's gradients (tests/nn/golden/README.md).
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn/alignment.hpp"
#include "attune/nn/copy_gate.hpp"
#include "attune/nn/losses.hpp"
#include "attune/nn/recurrent.hpp"
#include "attune/nn/training.hpp"

#include "nn/golden_numbers.hpp"
#include "nn/levels.hpp"

namespace attune::nn {
namespace {

using nlohmann::json;
using testing::at_every_level;
using testing::check_near;
using testing::Row;

// Numbers of size 1 after a few sums; two recurrent layers in both directions pass errors on.
constexpr double kTolerance = 5e-6;

// Runs `check` on every case of that name, at every level; returns how many there were.
int for_each_case(const std::string& name, const std::function<void(const json&)>& check) {
  static const json cases = testing::read_golden("training.json");
  int count = 0;
  for (const json& golden : cases) {
    if (golden["case"] != name) continue;
    ++count;
    at_every_level([&] { check(golden); });
  }
  return count;
}

// Zeros in the shape of golden[key].
Row zeros(const json& golden, const std::string& key) {
  return Row(golden[key].size());
}

}  // namespace

TEST_CASE("golden training: linear") {
  CHECK(for_each_case("linear", [](const json& golden) {
          const Row weight = golden["weight"], bias = golden["bias"], x = golden["x"], d_y = golden["d_y"];
          TrainableLinear layer;
          layer.pack({weight, bias});
          Scratch scratch;
          Row y(d_y.size());
          linear(layer.forward, x, scratch, y);
          check_near(y, golden["y"], kTolerance);
          Row d_x(x.size()), d_weight(weight.size()), d_bias(bias.size());
          BackwardScratch backward;
          linear_backward(
              {.transposed = layer.backward, .x = x, .d_y = d_y, .d_x = d_x, .gradients = {d_weight, d_bias}},
              backward);
          check_near(d_x, golden["d_x"], kTolerance);
          check_near(d_weight, golden["d_weight"], kTolerance);
          check_near(d_bias, golden["d_bias"], kTolerance);
        }) == 1);
}

TEST_CASE("golden training: GELU in both forms") {
  CHECK(for_each_case("gelu", [](const json& golden) {
          const GeluForm form = golden["form"] == "tanh" ? GeluForm::tanh : GeluForm::erf;
          const Row x = golden["x"];
          Row y(x.size()), d = golden["d_y"];
          gelu(form, x, y);
          check_near(y, golden["y"], kTolerance);
          gelu_backward(form, x, d);
          check_near(d, golden["d_x"], kTolerance);
        }) == 2);
}

TEST_CASE("golden training: LayerNorm") {
  CHECK(for_each_case("layer norm", [](const json& golden) {
          const Row scale = golden["scale"], shift = golden["shift"];
          const LayerNormWeights weights{scale, shift, golden["epsilon"]};
          Row x = golden["x"], d = golden["d_y"], d_scale(scale.size()), d_shift(shift.size());
          LayerNormTrace trace;
          add_layer_norm(weights, {}, x, trace);
          check_near(x, golden["y"], kTolerance);
          add_layer_norm_backward(weights, trace, d, {d_scale, d_shift});
          check_near(d, golden["d_x"], kTolerance);
          check_near(d_scale, golden["d_scale"], kTolerance);
          check_near(d_shift, golden["d_shift"], kTolerance);
        }) == 1);
}

TEST_CASE("golden training: attention with as many, fewer and more queries than keys") {
  CHECK(for_each_case("attention", [](const json& golden) {
          const Row q = golden["q"], kv = golden["kv"], d_out = golden["d_out"];
          const std::size_t width = golden["width"], heads = golden["heads"];
          Row out(q.size()), weights(heads * (q.size() / width) * (kv.size() / (2 * width)));
          Scratch scratch;
          self_attention({.q = q, .kv = kv, .heads = heads, .width = width, .out = out, .weights = weights}, scratch);
          check_near(out, golden["out"], kTolerance);
          Row d_q(q.size()), d_kv(kv.size());
          BackwardScratch backward;
          self_attention_backward({.q = q,
                                   .kv = kv,
                                   .weights = weights,
                                   .d_out = d_out,
                                   .heads = heads,
                                   .width = width,
                                   .d_q = d_q,
                                   .d_kv = d_kv},
                                  backward);
          check_near(d_q, golden["d_q"], kTolerance);
          check_near(d_kv, golden["d_kv"], kTolerance);
        }) == 3);
}

TEST_CASE("golden training: unit length") {
  CHECK(for_each_case("unit length", [](const json& golden) {
          const Row x = golden["x"];
          Row d = golden["d_y"];
          to_unit_length_backward(x, d);
          check_near(d, golden["d_x"], kTolerance);
        }) == 1);
}

TEST_CASE("golden training: every loss and its gradient") {
  const auto check = [](const std::string& name, const std::function<double(ScoredGroup, const json&)>& loss) {
    CAPTURE(name);
    CHECK(for_each_case(name, [&](const json& golden) {
            const Row scores = golden["scores"];
            Row d_scores(scores.size());
            const double found = loss({.scores = scores, .targets = {}, .d_scores = d_scores}, golden);
            CHECK(found == doctest::Approx(golden["loss"].at(0).get<double>()).epsilon(2e-6));
            check_near(d_scores, golden["d_scores"], kTolerance);
          }) == 1);
  };
  // Calls `loss` with the named row of the golden case as targets.
  const auto with = [](const char* targets, const std::function<double(const ScoredGroup&)>& loss) {
    return [targets, loss](ScoredGroup group, const json& golden) {
      const Row row = golden[targets];
      group.targets = row;
      return loss(group);
    };
  };
  const auto softened = [](double temperature, bool divergence) {
    return [=](ScoredGroup group, const json& golden) {
      Row shares = golden["teacher"];
      soften(shares, 2, shares);
      group.targets = shares;
      return softmax_cross_entropy(group, temperature) - (divergence ? entropy(shares) : 0);
    };
  };
  check("soft targets", softened(1, false));
  check("temperature", softened(2, true));
  check("index", [](const ScoredGroup& group, const json&) { return index_cross_entropy(group, 2); });
  check("smoothing", [](const ScoredGroup& group, const json&) { return index_cross_entropy(group, 2, 0.1); });
  check("margin", with("grades", [](const ScoredGroup& group) { return pairwise_margin(group); }));
  check("logistic", with("grades", [](const ScoredGroup& group) { return pairwise_logistic(group); }));
  check("mean squared", with("teacher", mean_squared_error));
  check("margin mean squared",
        with("teacher", [](const ScoredGroup& group) { return margin_mean_squared_error(group, 4); }));
  check("lambda rank",
        with("grades", [](const ScoredGroup& group) { return lambda_loss(group, {LambdaWeights::lambda_rank}); }));
  check("lambda loss", with("grades", [](const ScoredGroup& group) { return lambda_loss(group); }));
}

TEST_CASE("golden training: tanh, GRU and LSTM stacks in both directions, through time, with a gradient at every end") {
  CHECK(for_each_case("recurrent", [](const json& golden) {
          const RecurrentCell cell = golden["cell"] == "gru"    ? RecurrentCell::gru
                                     : golden["cell"] == "lstm" ? RecurrentCell::lstm
                                                                : RecurrentCell::tanh;
          const std::vector<const char*> parts = {"weight_ih", "bias_ih", "weight_hh", "bias_hh"};
          std::vector<std::vector<Row>> owned, found;
          std::vector<RecurrentWeights> weights;
          std::vector<RecurrentGradients> gradients;
          for (const json& one : golden["weights"]) {
            owned.emplace_back();
            found.emplace_back();
            for (const char* part : parts) {
              owned.back().push_back(one[part]);
              found.back().push_back(zeros(one, part));
            }
          }
          for (std::size_t at = 0; at < owned.size(); ++at) {
            std::vector<Row>& row = found[at];
            weights.push_back({cell, {owned[at][0], owned[at][1]}, {owned[at][2], owned[at][3]}});
            gradients.push_back({{row[0], row[1]}, {row[2], row[3]}});
          }
          const std::vector<std::size_t> offsets = golden["offsets"];
          const bool has_cells = cell == RecurrentCell::lstm;
          const Row x = golden["x"], d_states = golden["d_states"];
          const RecurrentStates initial{golden["initial_h"], has_cells ? golden["initial_c"].get<Row>() : Row()};
          const RecurrentStates d_last{golden["d_last_h"], has_cells ? golden["d_last_c"].get<Row>() : Row()};
          const RecurrentStack stack{weights, true};
          const RecurrentOutput output = recurrent(stack, {x, offsets}, initial, true);
          check_near(output.states_tdh, golden["states"], kTolerance);
          Row d_x(x.size());
          RecurrentStates d_initial;
          BackwardScratch scratch;
          recurrent_backward({.stack = stack,
                              .x_ti = {x, offsets},
                              .initial = initial,
                              .output = output,
                              .d_states_tdh = d_states,
                              .d_last = &d_last,
                              .gradients = gradients,
                              .d_x_ti = d_x,
                              .d_initial = &d_initial},
                             scratch);
          check_near(d_x, golden["d_x"], kTolerance);
          check_near(d_initial.h, golden["d_initial_h"], kTolerance);
          if (has_cells) check_near(d_initial.c, golden["d_initial_c"], kTolerance);
          for (std::size_t at = 0; at < found.size(); ++at) {
            for (std::size_t part = 0; part < parts.size(); ++part) {
              check_near(found[at][part], golden["d_weights"].at(at)[parts[part]], kTolerance);
            }
          }
        }) == 3);
}

TEST_CASE("golden training: additive alignment, with the keys made once") {
  CHECK(for_each_case("additive alignment", [](const json& golden) {
          const Row query = golden["query_weight"], query_bias = golden["query_bias"], key = golden["key_weight"];
          const Row key_bias = golden["key_bias"], compare = golden["compare"];
          const AdditiveAlignmentWeights weights{{query, query_bias}, {key, key_bias}, compare};
          const Row states = golden["states"], memory = golden["memory"], values = golden["values"];
          const Row d_contexts = golden["d_contexts"];
          const std::vector<std::size_t> query_offsets = golden["query_offsets"], key_offsets = golden["key_offsets"];
          Row keys(6 * 5), contexts(d_contexts.size());
          additive_keys(weights, memory, keys);
          AlignmentTrace trace;
          additive_alignment(weights, {states, query_offsets}, {{keys, key_offsets}, values}, contexts, &trace);
          check_near(contexts, golden["contexts"], kTolerance);
          Row d_states(states.size()), d_keys(keys.size()), d_values(values.size()), d_memory(memory.size());
          Row d_query(query.size()), d_query_bias(query_bias.size()), d_compare(compare.size());
          Row d_key(key.size()), d_key_bias(key_bias.size());
          BackwardScratch scratch;
          additive_alignment_backward(weights,
                                      {.states_ms = {states, query_offsets},
                                       .memory = {{keys, key_offsets}, values},
                                       .trace = trace,
                                       .d_contexts_mh = d_contexts,
                                       .d_states_ms = d_states,
                                       .d_keys_na = d_keys,
                                       .d_values_nh = d_values},
                                      {{d_query, d_query_bias}, d_compare}, scratch);
          additive_keys_backward(
              weights,
              {.states_nh = memory, .d_keys_na = d_keys, .d_states_nh = d_memory, .gradients = {d_key, d_key_bias}},
              scratch);
          check_near(d_states, golden["d_states"], kTolerance);
          check_near(d_memory, golden["d_memory"], kTolerance);
          check_near(d_values, golden["d_values"], kTolerance);
          check_near(d_query, golden["d_query_weight"], kTolerance);
          check_near(d_query_bias, golden["d_query_bias"], kTolerance);
          check_near(d_key, golden["d_key_weight"], kTolerance);
          check_near(d_key_bias, golden["d_key_bias"], kTolerance);
          check_near(d_compare, golden["d_compare"], kTolerance);
        }) == 1);
}

TEST_CASE("golden training: dot-product alignment") {
  CHECK(for_each_case("dot alignment", [](const json& golden) {
          const Row states = golden["states"], keys = golden["memory"], values = golden["values"];
          const Row d_contexts = golden["d_contexts"];
          const std::vector<std::size_t> query_offsets = golden["query_offsets"], key_offsets = golden["key_offsets"];
          Row contexts(d_contexts.size()), d_states(states.size()), d_keys(keys.size()), d_values(values.size());
          AlignmentTrace trace;
          dot_product_alignment(golden["scale"], {states, query_offsets}, {{keys, key_offsets}, values}, contexts,
                                &trace);
          dot_product_alignment_backward(golden["scale"], {.states_ms = {states, query_offsets},
                                                           .memory = {{keys, key_offsets}, values},
                                                           .trace = trace,
                                                           .d_contexts_mh = d_contexts,
                                                           .d_states_ms = d_states,
                                                           .d_keys_na = d_keys,
                                                           .d_values_nh = d_values});
          check_near(contexts, golden["contexts"], kTolerance);
          check_near(d_states, golden["d_states"], kTolerance);
          check_near(d_keys, golden["d_memory"], kTolerance);
          check_near(d_values, golden["d_values"], kTolerance);
        }) == 1);
}

TEST_CASE("golden training: a copy gate that writes, copies, or does both") {
  CHECK(for_each_case("copy gate", [](const json& golden) {
          const Row vocabulary = golden["vocabulary"], weights = golden["weights"];
          const std::vector<std::uint32_t> words = golden["words"];
          const CopyGate job{golden["gate"].at(0), vocabulary, weights, words};
          Row p(7);
          copy_gate_probabilities(job, p);
          check_near(p, golden["probabilities"], 1e-6);
          float d_gate = 0;
          Row d_vocabulary(vocabulary.size()), d_weights(weights.size());
          const double loss = copy_gate_cross_entropy(job, golden["word"], 1, {&d_gate, d_vocabulary, d_weights});
          CHECK(loss == doctest::Approx(golden["loss"].at(0).get<double>()).epsilon(2e-6));
          CHECK(-loss == doctest::Approx(copy_gate_log_probability(job, golden["word"])));
          check_near({d_gate}, golden["d_gate"], kTolerance);
          check_near(d_vocabulary, golden["d_vocabulary"], kTolerance);
          check_near(d_weights, golden["d_weights"], kTolerance);
        }) == 3);
}

}  // namespace attune::nn
