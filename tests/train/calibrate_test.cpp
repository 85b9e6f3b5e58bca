#include "train/calibrate.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "train/randomness.hpp"

namespace attune::train {
namespace {

// Scores of a world in which relevance has exactly this calibration.
std::vector<JudgedScore> world(const Calibration& truth, std::size_t count) {
  Randomness chance(7);
  std::vector<JudgedScore> judged;
  for (std::size_t i = 0; i < count; ++i) {
    const auto score = static_cast<float>(40 + 20 * chance.unit());
    judged.push_back({score, chance.unit() < static_cast<double>(truth.relevance(score)), 1});
  }
  return judged;
}

}  // namespace

TEST_CASE("calibration: the law that made the judgements is found again, with a small error") {
  const Calibration truth{0.6F, -31};
  const std::vector<JudgedScore> judged = world(truth, 20'000);
  const auto found = fit_calibration(judged);
  REQUIRE(found);
  CHECK(found->slope == doctest::Approx(0.6).epsilon(0.05));
  CHECK(found->offset == doctest::Approx(-31).epsilon(0.05));
  CHECK(calibration_error(*found, judged) < 0.02);
  CHECK(calibration_error({0.6F, -25}, judged) > 0.2);
}

TEST_CASE("calibration: a weight counts like as many copies") {
  std::vector<JudgedScore> judged = world({0.6F, -31}, 400);
  std::vector<JudgedScore> copies = judged;
  for (std::size_t i = 0; i < 100; ++i) {
    judged[i].weight = 3;
    copies.insert(copies.end(), 2, copies[i]);
  }
  const auto weighted = fit_calibration(judged);
  const auto copied = fit_calibration(copies);
  REQUIRE(weighted);
  REQUIRE(copied);
  // The smoothed targets know how many there are, which moves both a little.
  CHECK(weighted->slope == doctest::Approx(static_cast<double>(copied->slope)).epsilon(0.02));
}

TEST_CASE("calibration: nothing to learn from, or scores that say the opposite, give none") {
  CHECK_FALSE(fit_calibration({}));
  const std::vector<JudgedScore> all = {{1, true, 1}, {2, true, 1}};
  CHECK_FALSE(fit_calibration(all));
  const std::vector<JudgedScore> opposite = {{1, true, 1}, {2, true, 1}, {3, false, 1}, {4, false, 1}};
  CHECK_FALSE(fit_calibration(opposite));
  // Told apart without fault: steep, but finite.
  const std::vector<JudgedScore> apart = {{1, false, 1}, {2, false, 1}, {3, true, 1}, {4, true, 1}};
  const auto steep = fit_calibration(apart);
  REQUIRE(steep);
  CHECK(std::isfinite(steep->slope));
  CHECK(steep->relevance(4) > steep->relevance(1));
}

}  // namespace attune::train
