#include "train/adamw.hpp"

#include <algorithm>
#include <cmath>

namespace attune::train {

void AdamWState::reset(std::size_t weights) {
  mean.assign(weights, 0.0F);
  variance.assign(weights, 0.0F);
}

void adamw_step(const AdamWOptions& options, std::span<const WeightGroup> groups, std::uint64_t step,
                double learning_rate, std::span<const float> gradient, AdamWState& state, std::span<float> weights) {
  const auto count = static_cast<double>(step);
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto mean_scale = static_cast<float>(1 / (1 - std::pow(options.beta1, count)));
  const auto variance_scale = static_cast<float>(1 / (1 - std::pow(options.beta2, count)));
  const auto epsilon = static_cast<float>(options.epsilon);
  for (const WeightGroup& group : groups) {
    const double pace = learning_rate * group.rate;
    const auto rate = static_cast<float>(pace);
    const auto keep = static_cast<float>(1 - (group.decays ? pace * options.weight_decay : 0.0));
    for (std::size_t i = group.first; i < group.first + group.count; ++i) {
      const float g = gradient[i];
      state.mean[i] = beta1 * state.mean[i] + (1 - beta1) * g;
      state.variance[i] = beta2 * state.variance[i] + (1 - beta2) * g * g;
      const float move = state.mean[i] * mean_scale / (std::sqrt(state.variance[i] * variance_scale) + epsilon);
      weights[i] = weights[i] * keep - rate * move;
    }
  }
}

double gradient_norm(std::span<const float> gradient) {
  double sum = 0;
  for (const float g : gradient) sum += static_cast<double>(g) * static_cast<double>(g);
  return std::sqrt(sum);
}

double learning_rate_at(const LearningRate& schedule, std::uint64_t step) {
  if (step <= schedule.warm_up)
    return schedule.peak * static_cast<double>(step) / static_cast<double>(schedule.warm_up);
  if (step >= schedule.steps) return schedule.peak * schedule.floor;
  const double left =
      static_cast<double>(schedule.steps - step) / static_cast<double>(schedule.steps - schedule.warm_up);
  return schedule.peak * (schedule.floor + (1 - schedule.floor) * left);
}

}  // namespace attune::train
