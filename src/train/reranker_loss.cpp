#include "train/reranker_loss.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attune/nn/losses.hpp"

namespace attune::train {
namespace {

std::vector<float> without_mean(std::span<const float> values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  std::vector<float> rest(values.begin(), values.end());
  for (float& value : rest) value -= static_cast<float>(mean);
  return rest;
}

// The passages that every teacher scored: those drawn by chance have no scores.
struct Scored {
  std::vector<std::size_t> places;
  std::vector<float> scores;
  std::vector<float> ensemble;
};

Scored scored_part(const JudgedScores& group) {
  Scored part;
  for (std::size_t i = 0; i < group.ensemble.size(); ++i) {
    if (std::isnan(group.ensemble[i])) continue;
    part.places.push_back(i);
    part.scores.push_back(group.scores[i]);
    part.ensemble.push_back(group.ensemble[i]);
  }
  return part;
}

bool needs_labels(LossKind kind) {
  return kind == LossKind::listwise || kind == LossKind::lambda || kind == LossKind::margin ||
         kind == LossKind::logistic;
}

double centred_squared_error(const JudgedScores& group, double weight, std::span<float> d_scores) {
  const std::vector<float> scores = without_mean(group.scores);
  const std::vector<float> targets = without_mean(group.ensemble);
  std::vector<float> d(scores.size(), 0.0F);
  const double loss = nn::mean_squared_error({.scores = scores, .targets = targets, .d_scores = d, .weight = weight});
  // The mean that was taken off depends on every score; errors sum to zero, so its part of the gradient is zero too.
  for (std::size_t i = 0; i < d.size(); ++i) d_scores[i] += d[i];
  return loss;
}

double term_loss(const LossTerm& term, const JudgedScores& group, std::span<float> d_scores) {
  const nn::ScoredGroup graded = {
      .scores = group.scores, .targets = group.grades, .d_scores = d_scores, .weight = term.weight};
  switch (term.kind) {
    case LossKind::listwise: {
      std::vector<float> shares(group.grades.size());
      nn::grades_to_shares(group.grades, shares);
      return nn::softmax_cross_entropy(
          {.scores = group.scores, .targets = shares, .d_scores = d_scores, .weight = term.weight}, term.temperature);
    }
    case LossKind::lambda:
      return nn::lambda_loss(graded);
    case LossKind::margin:
      return nn::pairwise_margin(graded);
    case LossKind::logistic:
      return nn::pairwise_logistic(graded);
    case LossKind::distil: {
      std::vector<float> targets(group.ensemble.size());
      nn::soften(group.ensemble, term.temperature, targets);
      // Less the teachers' own entropy, so that a student that equals them has loss 0.
      return nn::softmax_cross_entropy(
                 {.scores = group.scores, .targets = targets, .d_scores = d_scores, .weight = term.weight},
                 term.temperature) -
             term.weight * nn::entropy(targets);
    }
    case LossKind::mse:
      return centred_squared_error(group, term.weight, d_scores);
    case LossKind::margin_mse: {
      const auto best = std::ranges::max_element(group.ensemble) - group.ensemble.begin();
      return nn::margin_mean_squared_error(
          {.scores = group.scores, .targets = group.ensemble, .d_scores = d_scores, .weight = term.weight},
          static_cast<std::size_t>(best));
    }
  }
  return 0;
}

}  // namespace

double reranker_loss(const RerankerLoss& loss, const JudgedScores& group, std::span<float> d_scores) {
  double sum = 0;
  const Scored scored = scored_part(group);
  const JudgedScores taught = {.scores = scored.scores, .grades = {}, .ensemble = scored.ensemble};
  for (const LossTerm& term : loss.terms) {
    if (needs_labels(term.kind)) {
      if (group.labelled) sum += term_loss(term, group, d_scores);
    } else if (scored.places.size() > 1) {
      std::vector<float> d(scored.places.size(), 0.0F);
      sum += term_loss(term, taught, d);
      for (std::size_t i = 0; i < d.size(); ++i) d_scores[scored.places[i]] += d[i];
    }
  }
  return sum;
}

std::vector<float> ensemble_scores(std::span<const Teacher> teachers, std::span<const std::string> names,
                                   std::span<const float> scores) {
  const std::size_t count = names.empty() ? 0 : scores.size() / names.size();
  std::vector<float> sums(count, 0.0F);
  double weights = 0;
  for (const Teacher& teacher : teachers) {
    const auto column = static_cast<std::size_t>(std::ranges::find(names, teacher.name) - names.begin());
    if (column == names.size()) continue;
    weights += teacher.weight;
    for (std::size_t i = 0; i < count; ++i) {
      const auto score = static_cast<double>(scores[i * names.size() + column]);
      sums[i] += static_cast<float>(teacher.weight * score / teacher.scale);
    }
  }
  if (weights <= 0) return {};
  for (float& sum : sums) sum /= static_cast<float>(weights);
  return sums;
}

}  // namespace attune::train
