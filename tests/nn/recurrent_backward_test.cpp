// The way back through recurrent cells, alignments and the copy gate, against finite differences in FP64.
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn/alignment.hpp"
#include "attune/nn/copy_gate.hpp"
#include "attune/nn/recurrent.hpp"

#include "nn/double_layers.hpp"
#include "nn/golden_numbers.hpp"

namespace attune::nn {
namespace {

using testing::check_gradient;
using testing::linear_of;
using testing::made_up;
using testing::Numbers;
using testing::Row;
using testing::softmax_of;
using testing::weighted_sum;
using testing::widened;

constexpr std::array kCells = {RecurrentCell::tanh, RecurrentCell::gru, RecurrentCell::lstm};
constexpr std::size_t kInputs = 3;
constexpr std::size_t kWidth = 2;
using Offsets = std::vector<std::size_t>;

// What a stack of one layer reads, all of it in FP64.
struct Place {
  Numbers x, input, input_bias, hidden, hidden_bias, h, c;
};

double sigmoid_of(double x) {
  return 1 / (1 + std::exp(-x));
}

// One token through the formulas at the head of recurrent.hpp.
void step_of(RecurrentCell cell, const Numbers& from_x, const Numbers& from_h, Numbers& h, Numbers& c) {
  const std::size_t n = h.size();
  for (std::size_t k = 0; k < n; ++k) {
    const auto sum = [&](std::size_t gate) { return from_x[gate * n + k] + from_h[gate * n + k]; };
    if (cell == RecurrentCell::tanh) h[k] = std::tanh(sum(0));
    if (cell == RecurrentCell::gru) {
      const double z = sigmoid_of(sum(1));
      h[k] = (1 - z) * std::tanh(from_x[2 * n + k] + sigmoid_of(sum(0)) * from_h[2 * n + k]) + z * h[k];
    }
    if (cell == RecurrentCell::lstm) {
      c[k] = sigmoid_of(sum(1)) * c[k] + sigmoid_of(sum(0)) * std::tanh(sum(2));
      h[k] = sigmoid_of(sum(3)) * std::tanh(c[k]);
    }
  }
}

// The states at each token, then those after each sequence.
Numbers layer_of(RecurrentCell cell, const Place& place, const Offsets& offsets) {
  const auto part = [](const Numbers& row, std::size_t index, std::size_t width) {
    const auto begin = row.begin() + static_cast<std::ptrdiff_t>(index * width);
    return Numbers(begin, begin + static_cast<std::ptrdiff_t>(width));
  };
  Numbers states, ends;
  for (std::size_t sequence = 0; sequence + 1 < offsets.size(); ++sequence) {
    Numbers h = part(place.h, sequence, kWidth);
    Numbers c = place.c.empty() ? Numbers() : part(place.c, sequence, kWidth);
    for (std::size_t token = offsets[sequence]; token < offsets[sequence + 1]; ++token) {
      step_of(cell, linear_of(part(place.x, token, kInputs), place.input, place.input_bias),
              linear_of(h, place.hidden, place.hidden_bias), h, c);
      states.insert(states.end(), h.begin(), h.end());
    }
    ends.insert(ends.end(), h.begin(), h.end());
  }
  states.insert(states.end(), ends.begin(), ends.end());
  return states;
}

// One layer, its input, and what comes back through it.
struct OneLayer {
  OneLayer(RecurrentCell of, Offsets at) : cell(of), offsets(std::move(at)) {
    const std::size_t gates = gate_count(cell) * kWidth;
    const std::size_t sequences = offsets.size() - 1;
    x = made_up(offsets.back() * kInputs, 1);
    input = made_up(gates * kInputs, 2), input_bias = made_up(gates, 3);
    hidden = made_up(gates * kWidth, 4), hidden_bias = made_up(gates, 5);
    initial.h = made_up(sequences * kWidth, 6);
    if (cell == RecurrentCell::lstm) initial.c = made_up(sequences * kWidth, 7);
    d_states = made_up(offsets.back() * kWidth, 8);
    d_last.h = made_up(sequences * kWidth, 9);
    forget();
  }

  void forget() {
    d_x.assign(x.size(), 0);
    d_input.assign(input.size(), 0), d_input_bias.assign(input_bias.size(), 0);
    d_hidden.assign(hidden.size(), 0), d_hidden_bias.assign(hidden_bias.size(), 0);
    d_initial = {};
  }

  void run() {
    const std::array weights = {RecurrentWeights{cell, {input, input_bias}, {hidden, hidden_bias}}};
    const std::array gradients = {RecurrentGradients{{d_input, d_input_bias}, {d_hidden, d_hidden_bias}}};
    const RecurrentStack stack{weights};
    const RecurrentOutput output = recurrent(stack, {x, offsets}, initial, true);
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
  }

  [[nodiscard]] Place place() const {
    return {widened(x),           widened(input),     widened(input_bias), widened(hidden),
            widened(hidden_bias), widened(initial.h), widened(initial.c)};
  }
  // The loss with `at` in place of one thing that the layer reads.
  [[nodiscard]] double loss(Numbers Place::*what, const Numbers& at) const {
    Place changed = place();
    changed.*what = at;
    Row d = d_states;
    d.insert(d.end(), d_last.h.begin(), d_last.h.end());
    return weighted_sum(layer_of(cell, changed, offsets), d);
  }

  RecurrentCell cell;
  Offsets offsets;
  Row x, input, input_bias, hidden, hidden_bias, d_states;
  Row d_x, d_input, d_input_bias, d_hidden, d_hidden_bias;
  RecurrentStates initial, d_last, d_initial;
};

Row part(const Row& rows, std::size_t first, std::size_t count) {
  const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("recurrent backward: every gradient through time is that of finite differences, over unequal sequences") {
  for (const RecurrentCell cell : kCells) {
    CAPTURE(static_cast<int>(cell));
    OneLayer layer(cell, {0, 4, 4, 5, 8});
    layer.run();
    const auto check = [&](const Row& at, const Row& found, Numbers Place::*what) {
      check_gradient(at, found, [&](const Numbers& moved) { return layer.loss(what, moved); });
    };
    check(layer.x, layer.d_x, &Place::x);
    check(layer.input, layer.d_input, &Place::input);
    check(layer.input_bias, layer.d_input_bias, &Place::input_bias);
    check(layer.hidden, layer.d_hidden, &Place::hidden);
    check(layer.hidden_bias, layer.d_hidden_bias, &Place::hidden_bias);
    check(layer.initial.h, layer.d_initial.h, &Place::h);
    if (cell == RecurrentCell::lstm) check(layer.initial.c, layer.d_initial.c, &Place::c);
  }
}

TEST_CASE("recurrent backward: a sequence's gradients are the same alone and in a batch, and weights' ones are added") {
  for (const RecurrentCell cell : kCells) {
    CAPTURE(static_cast<int>(cell));
    OneLayer both(cell, {0, 3, 7});
    both.run();
    OneLayer second = both;
    second.offsets = {0, 4};
    second.x = part(both.x, 3 * kInputs, 4 * kInputs);
    second.d_states = part(both.d_states, 3 * kWidth, 4 * kWidth);
    for (RecurrentStates* states : {&second.initial, &second.d_last}) {
      states->h = part(states->h, kWidth, kWidth);
      if (!states->c.empty()) states->c = part(states->c, kWidth, kWidth);
    }
    OneLayer first = both;
    first.offsets = {0, 3};
    first.x = part(both.x, 0, 3 * kInputs);
    first.d_states = part(both.d_states, 0, 3 * kWidth);
    for (RecurrentStates* states : {&first.initial, &first.d_last}) {
      states->h = part(states->h, 0, kWidth);
      if (!states->c.empty()) states->c = part(states->c, 0, kWidth);
    }
    first.forget();
    first.run();
    // The second goes on with the first one's gradients of the weights.
    second.forget();
    second.d_input = first.d_input, second.d_input_bias = first.d_input_bias;
    second.d_hidden = first.d_hidden, second.d_hidden_bias = first.d_hidden_bias;
    second.run();
    CHECK(second.d_x == part(both.d_x, 3 * kInputs, 4 * kInputs));
    CHECK(second.d_initial.h == part(both.d_initial.h, kWidth, kWidth));
    CHECK(second.d_input == both.d_input);
    CHECK(second.d_input_bias == both.d_input_bias);
    CHECK(second.d_hidden == both.d_hidden);
    CHECK(second.d_hidden_bias == both.d_hidden_bias);
  }
}

TEST_CASE("alignment backward: additive and dot-product gradients are those of finite differences") {
  const std::vector<std::size_t> query_offsets = {0, 2, 2, 3}, key_offsets = {0, 3, 4, 6};
  const Row states = made_up(std::size_t{3} * 4, 1), keys = made_up(std::size_t{6} * 4, 2);
  const Row values = made_up(std::size_t{6} * 2, 3), d_contexts = made_up(std::size_t{3} * 2, 4);
  const Row query = made_up(std::size_t{4} * 4, 5), query_bias = made_up(4, 6), compare = made_up(4, 7);
  // Contexts by a score of query i and key j of four numbers each.
  const auto contexts_of = [&](const Numbers& values_n, const auto& score) {
    Numbers contexts;
    for (std::size_t pair = 0; pair + 1 < query_offsets.size(); ++pair) {
      for (std::size_t i = query_offsets[pair]; i < query_offsets[pair + 1]; ++i) {
        Numbers scores;
        for (std::size_t j = key_offsets[pair]; j < key_offsets[pair + 1]; ++j) scores.push_back(score(i, j));
        const Numbers weights = softmax_of(scores);
        for (std::size_t k = 0; k < 2; ++k) {
          double sum = 0;
          for (std::size_t j = 0; j < weights.size(); ++j) {
            sum += weights[j] * values_n[(key_offsets[pair] + j) * 2 + k];
          }
          contexts.push_back(sum);
        }
      }
    }
    return contexts;
  };

  Row contexts(d_contexts.size()), d_states(states.size()), d_keys(keys.size()), d_values(values.size());
  AlignmentTrace trace;
  const AlignmentBackward job{.states_ms = {states, query_offsets},
                              .memory = {{keys, key_offsets}, values},
                              .trace = trace,
                              .d_contexts_mh = d_contexts,
                              .d_states_ms = d_states,
                              .d_keys_na = d_keys,
                              .d_values_nh = d_values};
  SUBCASE("dot products") {
    dot_product_alignment(0.7F, job.states_ms, job.memory, contexts, &trace);
    dot_product_alignment_backward(0.7F, job);
    const auto loss = [&](const Numbers& s, const Numbers& k, const Numbers& v) {
      return weighted_sum(contexts_of(v,
                                      [&](std::size_t i, std::size_t j) {
                                        double sum = 0;
                                        for (std::size_t a = 0; a < 4; ++a) sum += s[i * 4 + a] * k[j * 4 + a];
                                        return static_cast<double>(0.7F) * sum;
                                      }),
                          d_contexts);
    };
    check_gradient(states, d_states, [&](const Numbers& at) { return loss(at, widened(keys), widened(values)); });
    check_gradient(keys, d_keys, [&](const Numbers& at) { return loss(widened(states), at, widened(values)); });
    check_gradient(values, d_values, [&](const Numbers& at) { return loss(widened(states), widened(keys), at); });
  }
  SUBCASE("additive") {
    const AdditiveAlignmentWeights weights{{query, query_bias}, {{}, {}}, compare};
    additive_alignment(weights, job.states_ms, job.memory, contexts, &trace);
    Row d_query(query.size()), d_query_bias(4), d_compare(4);
    BackwardScratch scratch;
    additive_alignment_backward(weights, job, {{d_query, d_query_bias}, d_compare}, scratch);
    struct At {
      Numbers states, keys, query, compare;
    };
    const At middle{widened(states), widened(keys), widened(query), widened(compare)};
    const auto loss = [&](Numbers At::*what, const Numbers& moved) {
      At at = middle;
      at.*what = moved;
      const Numbers queries = linear_of(at.states, at.query, widened(query_bias));
      return weighted_sum(contexts_of(widened(values),
                                      [&](std::size_t i, std::size_t j) {
                                        double sum = 0;
                                        for (std::size_t a = 0; a < 4; ++a) {
                                          sum += at.compare[a] * std::tanh(queries[i * 4 + a] + at.keys[j * 4 + a]);
                                        }
                                        return sum;
                                      }),
                          d_contexts);
    };
    check_gradient(states, d_states, [&](const Numbers& at) { return loss(&At::states, at); });
    check_gradient(keys, d_keys, [&](const Numbers& at) { return loss(&At::keys, at); });
    check_gradient(query, d_query, [&](const Numbers& at) { return loss(&At::query, at); });
    check_gradient(compare, d_compare, [&](const Numbers& at) { return loss(&At::compare, at); });
  }
}

TEST_CASE("copy gate: gradients are those of finite differences, and probabilities sum to 1") {
  const Row vocabulary = made_up(4, 1), weights = {0.5F, 0.25F, 0.125F, 0.125F}, gate = {0.3F};
  const std::vector<std::uint32_t> words = {2, 5, 2, 4};
  const CopyGate job{gate[0], vocabulary, weights, words};
  Row p(6);
  copy_gate_probabilities(job, p);
  double sum = 0;
  for (const float value : p) sum += static_cast<double>(value);
  CHECK(sum == doctest::Approx(1));
  for (std::uint32_t word = 0; word < 6; ++word) {
    CAPTURE(word);
    Row d_gate(1), d_vocabulary(4), d_weights(4);
    const double loss = copy_gate_cross_entropy(job, word, 2, {d_gate.data(), d_vocabulary, d_weights});
    CHECK(loss == doctest::Approx(-2 * std::log(static_cast<double>(p[word]))));
    const auto loss_of = [&](const Numbers& g, const Numbers& v, const Numbers& w) {
      double copied = 0;
      for (std::size_t j = 0; j < w.size(); ++j) copied += words[j] == word ? w[j] : 0;
      const double written = word < 4 ? softmax_of(v)[word] : 0;
      return -2 * std::log(sigmoid_of(g[0]) * written + (1 - sigmoid_of(g[0])) * copied);
    };
    check_gradient(gate, d_gate, [&](const Numbers& at) { return loss_of(at, widened(vocabulary), widened(weights)); });
    check_gradient(vocabulary, d_vocabulary,
                   [&](const Numbers& at) { return loss_of(widened(gate), at, widened(weights)); });
    check_gradient(weights, d_weights,
                   [&](const Numbers& at) { return loss_of(widened(gate), widened(vocabulary), at); });
  }
}

TEST_CASE("copy gate: logarithms stay finite where FP32 would say 0, and an impossible word has no gradient") {
  const Row vocabulary = {200, -200, 0}, weights = {1, 0};
  const std::vector<std::uint32_t> words = {7, 8};
  for (const float gate : {-500.0F, 0.0F, 500.0F}) {
    CAPTURE(gate);
    const CopyGate job{gate, vocabulary, weights, words};
    for (const std::uint32_t word : {0U, 1U, 7U, 8U, 9U}) {
      CAPTURE(word);
      float d_gate = 0;
      Row d_vocabulary(3), d_weights(2);
      CHECK(std::isfinite(copy_gate_log_probability(job, word)));
      CHECK(std::isfinite(copy_gate_cross_entropy(job, word, 1, {&d_gate, d_vocabulary, d_weights})));
      CHECK(std::isfinite(d_gate));
      for (const float d : d_vocabulary) CHECK(std::isfinite(d));
      if (word == 9) {
        CHECK(d_gate == 0);
        CHECK(d_vocabulary == Row(3));
        CHECK(d_weights == Row(2));
      }
    }
  }
  // Written against all odds: log σ(-500) + log softmax = -500 - 400.
  CHECK(copy_gate_log_probability({-500, vocabulary, weights, words}, 1) == doctest::Approx(-900));
}

}  // namespace attune::nn
