// Losses over the scores of one group: cross-entropies, and distances to a teacher. Pairs: src/nn/pair_losses.cpp.
#include "attune/nn/losses.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace attune::nn {
namespace {

double at(std::span<const float> numbers, std::size_t index) {
  return static_cast<double>(numbers[index]);
}

void add(std::span<float> d_scores, std::size_t index, double gradient) {
  if (!d_scores.empty()) d_scores[index] += static_cast<float>(gradient);
}

// log softmax(s / temperature). Subtracting the peak keeps exp() finite; taking the sum's logarithm off keeps far
// scores' logarithms finite, where the logarithm of a share that rounds to 0 would not be.
std::vector<double> log_softmax(std::span<const float> scores, double temperature) {
  std::vector<double> logs(scores.size());
  const double peak = static_cast<double>(*std::max_element(scores.begin(), scores.end()));
  double sum = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    logs[i] = (at(scores, i) - peak) / temperature;
    sum += std::exp(logs[i]);
  }
  for (double& value : logs) value -= std::log(sum);
  return logs;
}

// -Σ t_i log p_i with p = softmax(s / temperature): d / ds_i = (p_i Σ t - t_i) / temperature.
template <typename Target>
double cross_entropy(const ScoredGroup& group, double temperature, const Target& target) {
  assert(temperature > 0 && (group.d_scores.empty() || group.d_scores.size() == group.scores.size()));
  if (group.scores.empty()) return 0;
  const std::vector<double> logs = log_softmax(group.scores, temperature);
  double loss = 0;
  double sum = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    loss -= target(i) * logs[i];
    sum += target(i);
  }
  for (std::size_t i = 0; i < logs.size(); ++i) {
    add(group.d_scores, i, group.weight * (std::exp(logs[i]) * sum - target(i)) / temperature);
  }
  return group.weight * loss;
}

}  // namespace

double softmax_cross_entropy(const ScoredGroup& group, double temperature) {
  assert(group.targets.size() == group.scores.size());
  return cross_entropy(group, temperature, [&](std::size_t i) { return at(group.targets, i); });
}

double index_cross_entropy(const ScoredGroup& group, std::size_t right, double smoothing) {
  assert(right < group.scores.size() && smoothing >= 0 && smoothing <= 1);
  const double share = smoothing / static_cast<double>(group.scores.size());
  return cross_entropy(group, 1, [&](std::size_t i) { return share + (i == right ? 1 - smoothing : 0.0); });
}

void soften(std::span<const float> teacher, double temperature, std::span<float> out) {
  assert(!teacher.empty() && out.size() == teacher.size() && temperature > 0);
  const std::vector<double> logs = log_softmax(teacher, temperature);
  for (std::size_t i = 0; i < logs.size(); ++i) out[i] = static_cast<float>(std::exp(logs[i]));
}

void grades_to_shares(std::span<const float> grades, std::span<float> out) {
  assert(!grades.empty() && out.size() == grades.size());
  double sum = 0;
  for (const float grade : grades) sum += static_cast<double>(grade);
  for (std::size_t i = 0; i < grades.size(); ++i) {
    out[i] = static_cast<float>(sum > 0 ? at(grades, i) / sum : 1.0 / static_cast<double>(grades.size()));
  }
}

double entropy(std::span<const float> targets) {
  double sum = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] > 0) sum -= at(targets, i) * std::log(at(targets, i));
  }
  return sum;
}

double mean_squared_error(const ScoredGroup& group) {
  assert(group.targets.size() == group.scores.size());
  const double n = static_cast<double>(group.scores.size());
  double loss = 0;
  for (std::size_t i = 0; i < group.scores.size(); ++i) {
    const double off = at(group.scores, i) - at(group.targets, i);
    loss += off * off / n;
    add(group.d_scores, i, group.weight * 2 * off / n);
  }
  return group.weight * loss;
}

double margin_mean_squared_error(const ScoredGroup& group, std::size_t positive) {
  assert(group.targets.size() == group.scores.size() && positive < group.scores.size());
  const double others = static_cast<double>(group.scores.size()) - 1;
  double loss = 0;
  for (std::size_t i = 0; i < group.scores.size(); ++i) {
    if (i == positive) continue;
    const double wanted = at(group.targets, positive) - at(group.targets, i);
    const double off = at(group.scores, positive) - at(group.scores, i) - wanted;
    loss += off * off / others;
    add(group.d_scores, positive, group.weight * 2 * off / others);
    add(group.d_scores, i, -group.weight * 2 * off / others);
  }
  return group.weight * loss;
}

}  // namespace attune::nn
