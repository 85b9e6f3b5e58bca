#include "attune/nn/late_interaction.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "nn/finite_differences.hpp"
#include "nn/golden_numbers.hpp"

namespace attune::nn {
namespace {

using testing::check_gradient;
using testing::made_up;
using testing::Numbers;
using testing::Row;

// The same in FP64 and in one loop.
double written_again(const Numbers& query, const Numbers& logits, const Row& passage, std::size_t width) {
  const auto length = [](const auto* row, std::size_t count) {
    double square = 0;
    for (std::size_t i = 0; i < count; ++i) square += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    return std::sqrt(square);
  };
  double sum = 0;
  double weights = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    double best = -2;
    for (std::size_t j = 0; j < passage.size() / width; ++j) {
      double dot = 0;
      for (std::size_t w = 0; w < width; ++w) dot += query[i * width + w] * static_cast<double>(passage[j * width + w]);
      best = std::max(best, dot / length(&query[i * width], width) / length(&passage[j * width], width));
    }
    sum += std::exp(logits[i]) * best;
    weights += std::exp(logits[i]);
  }
  return sum / weights;
}

}  // namespace

TEST_CASE("late interaction: a score that was worked out by hand") {
  const Row query = {1, 0, 0, 2};
  const Row passage = {3, 4, -5, 0, 0, 1};
  LateMatches matches;
  // Best for (1, 0): (3, 4) with 0.6; for (0, 2): (0, 1) with 1. Weights 1/4 and 3/4.
  const Row logits = {0, std::log(3.0F)};
  CHECK(late_interaction({query, passage, logits, 2}, matches) == doctest::Approx(0.25 * 0.6 + 0.75));
  CHECK(matches.best == std::vector<std::uint32_t>{0, 2});
  CHECK(matches.shares[1] == doctest::Approx(0.75));
  // Of equals the first, whatever their length.
  const Row alike = {0, 7, 0, 2};
  CHECK(late_interaction({query, alike, logits, 2}, matches) == doctest::Approx(0.75));
  CHECK(matches.best == std::vector<std::uint32_t>{0, 0});
}

TEST_CASE("late interaction: a row of zeros on either side matches nothing and breaks nothing") {
  const Row query = {0, 0, 1, 1};
  const Row logits = {0, 0};
  LateMatches matches;
  CHECK(late_interaction({query, Row{1, 1, 0, 0}, logits, 2}, matches) == doctest::Approx(0.5));
  CHECK(late_interaction({query, Row{0, 0}, logits, 2}, matches) == 0);
  Row d_query(4), d_logits(2);
  late_interaction_backward({query, Row{0, 0}, logits, 2}, matches, 1, d_query, d_logits);
  CHECK(std::ranges::all_of(d_query, [](float d) { return d == 0; }));
}

TEST_CASE("late interaction: what all rows have in common hides which are alike, until it is taken off") {
  const Row query = {9, 9, 1};
  const Row passage = {9, 9, -1, 10, 9, 1};  // the first is the query's opposite but for (9, 9, 0)
  const Row centre = {9, 9, 0};
  const Row logits = {0};
  LateMatches matches;
  CHECK(late_interaction({query, passage, logits, 3}, matches) > 0.98F);
  Row centred_query(3), centred_passage(6);
  centre_rows(query, centre, centred_query);
  centre_rows(passage, centre, centred_passage);
  CHECK(centred_passage == Row{0, 0, -1, 1, 0, 1});
  CHECK(late_interaction({centred_query, centred_passage, logits, 3}, matches) == doctest::Approx(std::sqrt(0.5)));
  CHECK(matches.best.front() == 1);
}

TEST_CASE("late interaction: gradients are what finite differences say, and are added") {
  constexpr std::size_t kWidth = 12;
  const Row query = made_up(5 * kWidth, 1);
  const Row passage = made_up(9 * kWidth, 2);
  const Row logits = made_up(5, 3);
  constexpr float kSlope = 1.7F;
  LateMatches matches;
  const LateInteraction pair{query, passage, logits, kWidth};
  const float score = late_interaction(pair, matches);
  const auto again = [&](const Numbers& moved_query, const Numbers& moved_logits) {
    return written_again(moved_query, moved_logits, passage, kWidth);
  };
  CHECK(static_cast<double>(score) == doctest::Approx(again(testing::widened(query), testing::widened(logits))));
  Row d_query(query.size(), 0.0F), d_logits(logits.size(), 0.0F);
  late_interaction_backward(pair, matches, kSlope, d_query, d_logits);
  check_gradient(query, d_query,
                 [&](const Numbers& at) { return static_cast<double>(kSlope) * again(at, testing::widened(logits)); });
  check_gradient(logits, d_logits,
                 [&](const Numbers& at) { return static_cast<double>(kSlope) * again(testing::widened(query), at); });
  Row twice = d_query;
  late_interaction_backward(pair, matches, kSlope, twice, d_logits);
  for (std::size_t i = 0; i < twice.size(); ++i) CHECK(twice[i] == doctest::Approx(2 * d_query[i]));
}

}  // namespace attune::nn
