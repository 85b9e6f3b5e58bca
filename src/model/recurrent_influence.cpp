#include "model/recurrent_influence.hpp"

#include <algorithm>
#include <cmath>

namespace attune {
namespace {

// y [columns] += factor · row of a matrix.
void add_row(float factor, const float* row, std::span<float> y) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += factor * row[i];
}

// The Jacobians of one step: d(h') / d(h) [H, H] and d(h') / d(x) [H, I].
struct StepJacobians {
  std::vector<float> state_hh;
  std::vector<float> input_hi;
};

StepJacobians jacobians(const nn::RecurrentWeights& weights, const nn::RecurrentTrace& trace, std::size_t step,
                        std::span<const float> before_h, std::size_t inputs) {
  const std::size_t h = weights.state_width();
  const std::size_t gates = nn::gate_count(weights.cell) * h;
  StepJacobians out{std::vector<float>(h * h, 0.0F), std::vector<float>(h * inputs, 0.0F)};
  std::vector<float> d_h(h);
  std::vector<float> d_input(gates);
  std::vector<float> d_hidden(gates);
  const auto row_of = [&](const std::vector<float>& matrix, std::size_t width) {
    return matrix.empty() ? std::span<const float>{} : std::span(matrix).subspan(step * width, width);
  };
  for (std::size_t k = 0; k < h; ++k) {
    std::ranges::fill(d_h, 0.0F);
    d_h[k] = 1;
    nn::recurrent_step_backward(weights.cell, {.gates_gh = row_of(trace.gates_tgh, gates),
                                               .recalled_h = row_of(trace.recalled_th, h),
                                               .before_h = before_h,
                                               .before_c = {},
                                               .after_c = {},
                                               .d_h = d_h,
                                               .d_c = {},
                                               .d_input_gh = d_input,
                                               .d_hidden_gh = d_hidden});
    const std::span<float> state = std::span(out.state_hh).subspan(k * h, h);
    const std::span<float> input = std::span(out.input_hi).subspan(k * inputs, inputs);
    std::ranges::copy(d_h, state.begin());
    for (std::size_t g = 0; g < gates; ++g) {
      add_row(d_hidden[g], weights.hidden.weight.data() + g * h, state);
      add_row(d_input[g], weights.input.weight.data() + g * inputs, input);
    }
  }
  return out;
}

float frobenius_norm(std::span<const float> matrix) {
  double sum = 0;
  for (const float number : matrix) sum += static_cast<double>(number) * static_cast<double>(number);
  return static_cast<float>(std::sqrt(sum));
}

// a [H, H] · b [H, I]
std::vector<float> product(std::span<const float> a_hh, std::span<const float> b_hi, std::size_t h) {
  const std::size_t inputs = b_hi.size() / h;
  std::vector<float> out(b_hi.size(), 0.0F);
  for (std::size_t i = 0; i < h; ++i) {
    for (std::size_t k = 0; k < h; ++k) {
      add_row(a_hh[i * h + k], b_hi.data() + k * inputs, std::span(out).subspan(i * inputs, inputs));
    }
  }
  return out;
}

}  // namespace

std::vector<float> recurrent_influence(const nn::RecurrentWeights& weights, std::span<const float> x_ti,
                                       const nn::RecurrentTrace& trace) {
  const std::size_t h = weights.state_width();
  const std::size_t steps = trace.states_th.size() / h;
  const std::size_t inputs = x_ti.size() / steps;
  std::vector<float> norms(steps * steps, 0.0F);
  std::vector<std::vector<float>> so_far;  // d(h_t) / d(x_j) of each j up to t
  const std::vector<float> zeros(h, 0.0F);
  for (std::size_t t = 0; t < steps; ++t) {
    const std::span<const float> before =
        t == 0 ? std::span<const float>(zeros) : std::span(trace.states_th).subspan((t - 1) * h, h);
    StepJacobians step = jacobians(weights, trace, t, before, inputs);
    for (std::vector<float>& earlier : so_far) earlier = product(step.state_hh, earlier, h);
    so_far.push_back(std::move(step.input_hi));
    for (std::size_t j = 0; j <= t; ++j) norms[t * steps + j] = frobenius_norm(so_far[j]);
  }
  return norms;
}

}  // namespace attune
