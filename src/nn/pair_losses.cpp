// Losses over pairs of scores of which one should be the higher.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "attune/nn/losses.hpp"

namespace attune::nn {
namespace {

// A pair's loss as a function of how far the better one leads, and its slope.
struct PairLoss {
  double loss = 0;
  double slope = 0;
};

// log(1 + exp(-sigma · lead)), whichever way is finite. slope = -sigma / (1 + exp(sigma · lead))
PairLoss logistic(double lead, double sigma) {
  const double x = sigma * lead;
  const double small = std::exp(-std::abs(x));
  const double share = x > 0 ? small / (1 + small) : 1 / (1 + small);
  return {std::max(-x, 0.0) + std::log1p(small), -sigma * share};
}

// Σ of pair(i, j, lead) over all pairs with target_i > target_j. Gradients are summed in double first: a score has a
// part in N - 1 pairs.
template <typename Pair>
double sum_pairs(const ScoredGroup& group, double weight, const Pair& pair) {
  const std::size_t n = group.scores.size();
  std::vector<double> gradients(n, 0.0);
  double loss = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (!(group.targets[i] > group.targets[j])) continue;
      const double lead = static_cast<double>(group.scores[i]) - static_cast<double>(group.scores[j]);
      const PairLoss one = pair(i, j, lead);
      loss += one.loss;
      gradients[i] += one.slope;
      gradients[j] -= one.slope;
    }
  }
  for (std::size_t i = 0; i < group.d_scores.size(); ++i) {
    group.d_scores[i] += static_cast<float>(weight * gradients[i]);
  }
  return weight * loss;
}

// As sum_pairs(), but the mean.
template <typename Pair>
double mean_pairs(const ScoredGroup& group, const Pair& pair) {
  assert(group.targets.size() == group.scores.size());
  assert(group.d_scores.empty() || group.d_scores.size() == group.scores.size());
  std::size_t pairs = 0;
  for (const float better : group.targets) {
    pairs += static_cast<std::size_t>(
        std::count_if(group.targets.begin(), group.targets.end(), [&](float worse) { return better > worse; }));
  }
  if (pairs == 0) return 0;
  return sum_pairs(group, group.weight / static_cast<double>(pairs), pair);
}

// Each score's rank from 1, ties by place.
std::vector<std::size_t> ranks_of(std::span<const float> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<std::size_t> ranks(scores.size());
  for (std::size_t place = 0; place < order.size(); ++place) ranks[order[place]] = place + 1;
  return ranks;
}

// 1 / D of a rank from 1.
double discount(std::size_t rank) {
  return 1.0 / std::log2(1.0 + static_cast<double>(rank));
}

// (2^grade - 1) / best DCG
std::vector<double> gains_of(std::span<const float> grades) {
  std::vector<double> gains;
  for (const float grade : grades) gains.push_back(std::exp2(static_cast<double>(grade)) - 1);
  std::vector<double> sorted = gains;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  double best = 0;
  for (std::size_t place = 0; place < sorted.size(); ++place) best += sorted[place] * discount(place + 1);
  if (best > 0) {
    for (double& gain : gains) gain /= best;
  }
  return gains;
}

double weight_of(const LambdaOptions& options, std::size_t rank_i, std::size_t rank_j) {
  const std::size_t apart = rank_i > rank_j ? rank_i - rank_j : rank_j - rank_i;
  const double swap = std::abs(discount(rank_i) - discount(rank_j));
  const double bound = std::abs(discount(apart) - discount(apart + 1));
  switch (options.weights) {
    case LambdaWeights::lambda_rank:
      return swap;
    case LambdaWeights::ndcg_loss2:
      return bound;
    case LambdaWeights::ndcg_loss2_plus:
      return swap + options.mu * bound;
  }
  return 0;
}

}  // namespace

double lambda_loss(const ScoredGroup& group, const LambdaOptions& options) {
  assert(group.targets.size() == group.scores.size());
  assert(group.d_scores.empty() || group.d_scores.size() == group.scores.size());
  const std::vector<std::size_t> ranks = ranks_of(group.scores);
  const std::vector<double> gains = gains_of(group.targets);
  constexpr double kPerBit = 1.4426950408889634;  // 1 / ln 2
  return sum_pairs(group, group.weight, [&](std::size_t i, std::size_t j, double lead) -> PairLoss {
    const double weight = kPerBit * weight_of(options, ranks[i], ranks[j]) * std::abs(gains[i] - gains[j]);
    const PairLoss one = logistic(lead, options.sigma);
    return {weight * one.loss, weight * one.slope};
  });
}

double pairwise_margin(const ScoredGroup& group, double margin) {
  return mean_pairs(group, [&](std::size_t, std::size_t, double lead) -> PairLoss {
    if (lead >= margin) return {};
    return {margin - lead, -1};
  });
}

double pairwise_logistic(const ScoredGroup& group, double sigma) {
  return mean_pairs(group, [&](std::size_t, std::size_t, double lead) { return logistic(lead, sigma); });
}

}  // namespace attune::nn
