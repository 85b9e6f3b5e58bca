#include "train/reranker_loss.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace attune::train {
namespace {

double loss_of(LossKind kind, std::span<const float> scores, std::span<const float> grades,
               std::span<const float> ensemble, std::span<float> d_scores) {
  const RerankerLoss loss{{{kind, 1.5, 2.0}}, {}};
  return reranker_loss(loss, {.scores = scores, .grades = grades, .ensemble = ensemble}, d_scores);
}

}  // namespace

TEST_CASE("every loss of a reranker has the gradient that finite differences find") {
  const std::vector<float> scores{0.4F, -1.2F, 2.0F, 0.3F};
  const std::vector<float> grades{2, 0, 1, 0};
  const std::vector<float> ensemble{1.0F, -0.5F, 0.8F, -2.0F};
  for (const LossKind kind : {LossKind::listwise, LossKind::lambda, LossKind::margin, LossKind::logistic,
                              LossKind::distil, LossKind::mse, LossKind::margin_mse}) {
    CAPTURE(static_cast<int>(kind));
    std::vector<float> d(scores.size(), 0.0F);
    loss_of(kind, scores, grades, ensemble, d);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      constexpr float kStep = 1e-2F;
      std::vector<float> up = scores;
      std::vector<float> down = scores;
      up[i] += kStep;
      down[i] -= kStep;
      std::vector<float> unused(scores.size());
      const double slope =
          (loss_of(kind, up, grades, ensemble, unused) - loss_of(kind, down, grades, ensemble, unused)) /
          (2 * static_cast<double>(kStep));
      CHECK(static_cast<double>(d[i]) == doctest::Approx(slope).epsilon(0.01));
    }
  }
}

TEST_CASE("a student that says what its teachers say has nothing to learn, whatever it adds to all scores") {
  const std::vector<float> ensemble{1.0F, -0.5F, 0.8F, -2.0F};
  std::vector<float> scores = ensemble;
  for (float& score : scores) score += 7;
  const std::vector<float> grades(4, 0.0F);
  for (const LossKind kind : {LossKind::distil, LossKind::mse, LossKind::margin_mse}) {
    std::vector<float> d(4, 0.0F);
    CHECK(loss_of(kind, scores, grades, ensemble, d) == doctest::Approx(0).epsilon(1e-5));
    for (const float slope : d) CHECK(std::abs(slope) < 1e-5F);
  }
}

TEST_CASE("terms without ground count nothing: labels nobody gave, teachers who said nothing") {
  const std::vector<float> scores{1, 2};
  const std::vector<float> grades{1, 0};
  std::vector<float> d(2, 0.0F);
  const RerankerLoss loss{{{LossKind::listwise, 1, 1}, {LossKind::distil, 1, 1}}, {}};
  CHECK(reranker_loss(loss, {.scores = scores, .grades = grades, .ensemble = {}, .labelled = false}, d) == 0);
  CHECK(d == std::vector<float>{0, 0});
}

TEST_CASE("passages that no teacher scored leave the others' lesson as it is") {
  const std::vector<float> scores{0.4F, -1.2F, 2.0F};
  const std::vector<float> ensemble{1.0F, -0.5F, 0.8F};
  const std::vector<float> more_scores{0.4F, 5.0F, -1.2F, 2.0F};
  const std::vector<float> holes{1.0F, std::numeric_limits<float>::quiet_NaN(), -0.5F, 0.8F};
  const std::vector<float> grades(4, 0.0F);
  for (const LossKind kind : {LossKind::distil, LossKind::mse, LossKind::margin_mse}) {
    std::vector<float> d(3, 0.0F);
    std::vector<float> d_more(4, 0.0F);
    const double loss = loss_of(kind, scores, std::span(grades).first(3), ensemble, d);
    CHECK(loss > 0.01);
    CHECK(loss_of(kind, more_scores, grades, holes, d_more) == loss);
    CHECK(d_more == std::vector<float>{d[0], 0, d[1], d[2]});
  }
}

TEST_CASE("an ensemble is the weighted mean of the teachers that know the source") {
  const std::vector<Teacher> teachers{{"a", 3, 0.5}, {"b", 1, 2}, {"stranger", 5, 1}};
  const std::vector<std::string> names{"b", "other", "a"};
  const std::vector<float> scores{4, 0, 1, 8, 0, 2};
  const std::vector<float> ensemble = ensemble_scores(teachers, names, scores);
  REQUIRE(ensemble.size() == 2);
  CHECK(ensemble[0] == doctest::Approx((3 * 1 / 0.5 + 1 * 4 / 2.0) / 4));
  CHECK(ensemble[1] == doctest::Approx((3 * 2 / 0.5 + 1 * 8 / 2.0) / 4));
  std::vector<float> holes = scores;
  holes[3] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> patchy = ensemble_scores(teachers, names, holes);
  CHECK(patchy[0] == ensemble[0]);
  CHECK(std::isnan(patchy[1]));
  CHECK(ensemble_scores(std::span(teachers).last(1), names, scores).empty());
}

}  // namespace attune::train
