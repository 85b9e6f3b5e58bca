// Losses against finite differences, at their borders, and by hand.
#include "attune/nn/losses.hpp"

#include <cmath>
#include <functional>
#include <vector>

#include <doctest/doctest.h>

#include "nn/golden_numbers.hpp"

namespace attune::nn {
namespace {

using testing::check_near;
using testing::Row;

struct Named {
  const char* name;
  std::function<double(const ScoredGroup&)> loss;
};

// Every loss; targets are grades from 0 to 3, which some read as probabilities or as a teacher's scores.
std::vector<Named> all_losses() {
  return {{"softmax cross-entropy", [](const ScoredGroup& g) { return softmax_cross_entropy(g, 0.7); }},
          {"index cross-entropy", [](const ScoredGroup& g) { return index_cross_entropy(g, 1, 0.2); }},
          {"lambda rank",
           [](const ScoredGroup& g) {
             return lambda_loss(g, {LambdaWeights::lambda_rank, 10, 2});
           }},
          {"ndcg loss 2", [](const ScoredGroup& g) { return lambda_loss(g, {LambdaWeights::ndcg_loss2}); }},
          {"ndcg loss 2++", [](const ScoredGroup& g) { return lambda_loss(g); }},
          {"margin", [](const ScoredGroup& g) { return pairwise_margin(g, 1.5); }},
          {"logistic", [](const ScoredGroup& g) { return pairwise_logistic(g, 2); }},
          {"mean squared", mean_squared_error},
          {"margin mean squared", [](const ScoredGroup& g) { return margin_mean_squared_error(g, 2); }}};
}

}  // namespace

TEST_CASE("losses: every gradient is that of finite differences, scaled by the weight and added") {
  const Row scores = {0.3F, -1.25F, 2.5F, 0.75F, -0.5F}, targets = {1, 0, 2, 0, 3};
  for (const Named& one : all_losses()) {
    CAPTURE(one.name);
    Row d_scores(scores.size(), 100.0F);
    const double loss = one.loss({scores, targets, d_scores, 0.5});
    for (float& value : d_scores) value = (value - 100) * 2;
    // The losses take FP32, so differences are taken of steps that FP32 holds: 2^-7 around numbers of size 1.
    for (std::size_t i = 0; i < scores.size(); ++i) {
      Row above = scores, below = scores;
      above[i] += 0.0078125F;
      below[i] -= 0.0078125F;
      const double slope = (one.loss({above, targets, {}}) - one.loss({below, targets, {}})) / 0.015625;
      CAPTURE(i);
      CHECK(static_cast<double>(d_scores[i]) == doctest::Approx(slope).epsilon(0.001).scale(1));
    }
    CHECK(one.loss({scores, targets, {}}) == doctest::Approx(2 * loss));
  }
}

TEST_CASE("losses: scores that lie very far apart give finite losses and gradients") {
  const Row scores = {1e30F, -1e30F, 0, 1000, -1000}, targets = {0, 1, 0, 3, 0};
  for (const Named& one : all_losses()) {
    CAPTURE(one.name);
    Row d_scores(scores.size());
    CHECK(std::isfinite(one.loss({scores, targets, d_scores})));
    for (const float d : d_scores) CHECK(std::isfinite(d));
  }
}

TEST_CASE("losses: a group whose order cannot be wrong costs nothing over pairs") {
  const Row scores = {1, 2, 3}, alike = {1, 1, 1};
  Row d_scores(3);
  CHECK(lambda_loss({scores, alike, d_scores}) == 0);
  CHECK(lambda_loss({scores, Row{0, 0, 0}, d_scores}) == 0);
  CHECK(pairwise_margin({scores, alike, d_scores}) == 0);
  CHECK(pairwise_logistic({scores, alike, d_scores}) == 0);
  CHECK(pairwise_margin({scores, Row{0, 1, 2}, d_scores}, 1) == 0);  // every lead is the margin exactly
  CHECK(d_scores == Row(3));
  CHECK(margin_mean_squared_error({Row{5}, Row{1}, {}}, 0) == 0);
  CHECK(softmax_cross_entropy({{}, {}, {}}) == 0);
}

TEST_CASE("losses: cross-entropies, margins and distances by hand") {
  const Row scores = {0, 0};
  CHECK(index_cross_entropy({scores, {}, {}}, 0) == doctest::Approx(std::log(2.0)));
  CHECK(softmax_cross_entropy({scores, Row{0.25F, 0.75F}, {}}) == doctest::Approx(std::log(2.0)));
  CHECK(entropy(Row{0.5F, 0.5F, 0}) == doctest::Approx(std::log(2.0)));
  // Leads of 1 (margin 2 lacks 1) and of -1 (lacks 3).
  CHECK(pairwise_margin({Row{1, 0, 2}, Row{1, 0, 0}, {}}, 2) == doctest::Approx(2));
  CHECK(pairwise_logistic({Row{3, 3}, Row{1, 0}, {}}) == doctest::Approx(std::log(2.0)));
  CHECK(mean_squared_error({Row{1, 2}, Row{3, 2}, {}}) == doctest::Approx(2));
  // Distances 2 and 5 next to the teacher's 1 and 3.
  CHECK(margin_mean_squared_error({Row{6, 4, 1}, Row{3, 2, 0}, {}}, 0) == doctest::Approx((1.0 + 4.0) / 2));
}

TEST_CASE("losses: lambda loss of two passages in the wrong order, by hand") {
  // Gains 1 and 0 (best DCG 1 · 1); ranks 2 and 1: swapping changes 1 - 1 / log2(3), which is also the bound.
  const double swap = 1 - 1 / std::log2(3.0);
  const Row scores = {0, 1}, grades = {1, 0};
  const double bits = std::log2(1 + std::exp(1.0));
  CHECK(lambda_loss({scores, grades, {}}, {LambdaWeights::lambda_rank}) == doctest::Approx(swap * bits));
  CHECK(lambda_loss({scores, grades, {}}, {LambdaWeights::ndcg_loss2}) == doctest::Approx(swap * bits));
  CHECK(lambda_loss({scores, grades, {}}) == doctest::Approx(11 * swap * bits));
}

TEST_CASE("losses: a teacher's scores become its softmax and grades become shares") {
  Row out(2);
  soften(Row{0, 2}, 2, out);
  check_near(out, {0.26894142F, 0.73105858F});
  soften(Row{1e30F, -1e30F}, 1, out);
  CHECK(out == Row{1, 0});
  grades_to_shares(Row{1, 3}, out);
  CHECK(out == Row{0.25F, 0.75F});
  grades_to_shares(Row{0, 0}, out);
  CHECK(out == Row{0.5F, 0.5F});
}

}  // namespace attune::nn
