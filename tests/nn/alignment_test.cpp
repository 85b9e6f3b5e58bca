// Encoder–decoder attention against PyTorch (tests/nn/golden/README.md), as a matrix formula, and in other company.
#include "attune/nn/alignment.hpp"

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "nn/golden_numbers.hpp"

namespace attune::nn {
namespace {

using testing::check_near;
using testing::made_up;
using testing::read_golden;
using testing::Row;

// 3 numbers in a decoder state, 4 in an encoder state, compared as 5.
struct Additive {
  Row query = made_up(15, 1), query_bias = made_up(5, 2);
  Row key = made_up(20, 3), key_bias = made_up(5, 4), compare = made_up(5, 5);
  [[nodiscard]] AdditiveAlignmentWeights view() const { return {{query, query_bias}, {key, key_bias}, compare}; }
};

Row keys_of(const AdditiveAlignmentWeights& weights, const Row& states_nh) {
  Row keys(states_nh.size() / 4 * weights.compare.size());
  additive_keys(weights, states_nh, keys);
  return keys;
}

}  // namespace

TEST_CASE("alignment: additive weights and contexts of packed pairs are those of PyTorch") {
  const auto golden = read_golden("alignment.json").at(0);
  const Row query = golden["query_weight"], query_bias = golden["query_bias"], key = golden["key_weight"];
  const Row key_bias = golden["key_bias"], compare = golden["compare"];
  const Row states = golden["states"], memory = golden["memory"];
  const std::vector<std::size_t> query_offsets = golden["query_offsets"], key_offsets = golden["key_offsets"];
  const AdditiveAlignmentWeights weights{{query, query_bias}, {key, key_bias}, compare};
  const Row keys = keys_of(weights, memory);
  Row contexts(5 * 4);
  AlignmentTrace trace;
  additive_alignment(weights, {states, query_offsets}, {{keys, key_offsets}, memory}, contexts, &trace);
  check_near(contexts, golden["contexts"], 1e-6);
  check_near(trace.weights_ij, golden["weights"], 1e-6);
  CHECK(trace.compared_ija.size() == trace.weights_ij.size() * 5);

  // The scores follow from what the trace keeps of the comparison.
  for (std::size_t cell = 0; cell < trace.scores_ij.size(); ++cell) {
    double score = 0;
    for (std::size_t k = 0; k < 5; ++k) {
      score += static_cast<double>(compare[k]) * static_cast<double>(trace.compared_ija[cell * 5 + k]);
    }
    CHECK(static_cast<double>(trace.scores_ij[cell]) == doctest::Approx(score).epsilon(1e-5));
  }
}

TEST_CASE("alignment: dot products equal PyTorch's and the matrix formula softmax(scale · S Kᵀ) V") {
  const auto golden = read_golden("alignment.json").at(1);
  const Row queries = golden["queries"], keys = golden["keys"], values = golden["values"];
  const std::vector<std::size_t> three = {0, 3}, five = {0, 5};
  Row contexts(3 * 2);
  AlignmentTrace trace;
  dot_product_alignment(golden["scale"], {queries, three}, {{keys, five}, values}, contexts, &trace);
  check_near(contexts, golden["contexts"], 1e-6);
  CHECK(trace.queries_ma == queries);
  CHECK(trace.compared_ija.empty());

  for (std::size_t i = 0; i < 3; ++i) {
    std::array<double, 5> weights{};
    double sum = 0;
    for (std::size_t j = 0; j < 5; ++j) {
      double score = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        score += static_cast<double>(queries[i * 4 + k]) * static_cast<double>(keys[j * 4 + k]);
      }
      weights[j] = std::exp(0.5 * score);
      sum += weights[j];
    }
    for (std::size_t k = 0; k < 2; ++k) {
      double context = 0;
      for (std::size_t j = 0; j < 5; ++j) context += weights[j] / sum * static_cast<double>(values[j * 2 + k]);
      CHECK(static_cast<double>(contexts[i * 2 + k]) == doctest::Approx(context).epsilon(1e-5));
    }
  }
}

TEST_CASE("alignment: weights are positive and sum to 1, and equal keys share equally, however large the scores") {
  const std::vector<std::size_t> one = {0, 1}, four = {0, 4};
  const Row values = {1, 2, 3, 6};
  for (const float size : {0.1F, 1.0F, 500.0F}) {
    const Row query = {size, -size};
    const Row equal = {1, 2, 1, 2, 1, 2, 1, 2};
    Row context(1);
    AlignmentTrace trace;
    dot_product_alignment(1, {query, one}, {{equal, four}, values}, context, &trace);
    check_near(trace.weights_ij, {0.25F, 0.25F, 0.25F, 0.25F}, 0);
    check_near(context, {3}, 1e-6);

    const Row different = {1, 2, 2, 1, 0, 0, 1, 2};
    dot_product_alignment(1, {query, one}, {{different, four}, values}, context, &trace);
    CHECK(std::accumulate(trace.weights_ij.begin(), trace.weights_ij.end(), 0.0F) == doctest::Approx(1).epsilon(1e-6));
    CHECK(trace.weights_ij[0] == trace.weights_ij[3]);
    for (const float weight : trace.weights_ij) CHECK(weight >= 0);
  }

  const Additive weights;
  const Row same = {0.5F, 1, -1, 2, 0.5F, 1, -1, 2};
  const std::vector<std::size_t> two = {0, 2};
  const Row keys = keys_of(weights.view(), same);
  Row context(4);
  AlignmentTrace trace;
  additive_alignment(weights.view(), {made_up(3, 9), one}, {{keys, two}, same}, context, &trace);
  check_near(trace.weights_ij, {0.5F, 0.5F}, 0);
  check_near(context, {0.5F, 1, -1, 2}, 1e-6);
}

TEST_CASE("alignment: a context depends on its own pair alone, and states may come one by one") {
  const Additive weights;
  const Row states = made_up(std::size_t{3} * 3, 10);  // 3 decoder states
  const Row memory = made_up(std::size_t{4} * 6, 11);  // 6 encoder states: 2 and 4
  const Row keys = keys_of(weights.view(), memory);
  Row packed(3 * 4);
  const std::vector<std::size_t> query_offsets = {0, 1, 1, 3}, key_offsets = {0, 2, 2, 6};
  additive_alignment(weights.view(), {states, query_offsets}, {{keys, key_offsets}, memory}, packed);

  const std::vector<std::size_t> one = {0, 1}, four = {0, 4};
  for (std::size_t i = 1; i < 3; ++i) {
    Row alone(4);
    const AlignmentMemory own{{std::span(keys).subspan(10), four}, std::span(memory).subspan(8)};
    additive_alignment(weights.view(), {std::span(states).subspan(i * 3, 3), one}, own, alone);
    CHECK(alone == Row(packed.begin() + static_cast<std::ptrdiff_t>(i * 4),
                       packed.begin() + static_cast<std::ptrdiff_t>(i * 4 + 4)));
  }
}

TEST_CASE("alignment: the seed's 我爱吃苹果: c_1 is the sum of h_j weighted by a_1j") {
  // Five encoder states of which the first alone answers the first decoder state.
  const Row h = {4, 0, 0, 4, 1, 1, -1, 2, 0, -3};
  const Row s = {2, 0};
  const std::vector<std::size_t> one = {0, 1}, five = {0, 5};
  Row c(2);
  AlignmentTrace trace;
  dot_product_alignment(1, {s, one}, {{h, five}, h}, c, &trace);
  CHECK(trace.weights_ij[0] > 0.99F);
  Row sum(2);
  for (std::size_t j = 0; j < 5; ++j) {
    for (std::size_t k = 0; k < 2; ++k) sum[k] += trace.weights_ij[j] * h[j * 2 + k];
  }
  check_near(c, sum, 1e-6);
}

}  // namespace attune::nn
