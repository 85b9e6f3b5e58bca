// One token through one recurrent layer: the formulas at the head of recurrent.hpp, number by number.
#include <cassert>
#include <cmath>

#include "attune/nn/recurrent.hpp"

#include "nn/affine.hpp"

namespace attune::nn {
namespace {

// exp() of a very negative x overflows to infinity, and 1 / infinity is the right 0.
float sigmoid(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}

// What all three cells share: x W + h U for one row of the weights.
float gate_sum(const RecurrentWeights& weights, std::size_t row, std::span<const float> x_i,
               std::span<const float> h_h) {
  return affine(weights.input, row, x_i) + affine(weights.hidden, row, h_h);
}

// In each cell all gates are computed before h is replaced, because every gate reads all of h.

void tanh_step(const RecurrentWeights& weights, std::span<const float> x_i, const RecurrentState& state,
               RecurrentStep& step) {
  const std::size_t width = state.h.size();
  for (std::size_t k = 0; k < width; ++k) step.gates_gh[k] = std::tanh(gate_sum(weights, k, x_i, state.h));
  for (std::size_t k = 0; k < width; ++k) state.h[k] = step.gates_gh[k];
}

void gru_step(const RecurrentWeights& weights, std::span<const float> x_i, const RecurrentState& state,
              RecurrentStep& step) {
  const std::size_t width = state.h.size();
  const std::span<float> r_h = std::span(step.gates_gh).first(width);
  const std::span<float> z_h = std::span(step.gates_gh).subspan(width, width);
  const std::span<float> n_h = std::span(step.gates_gh).last(width);
  for (std::size_t k = 0; k < width; ++k) {
    r_h[k] = sigmoid(gate_sum(weights, k, x_i, state.h));
    z_h[k] = sigmoid(gate_sum(weights, width + k, x_i, state.h));
    step.recalled_h[k] = affine(weights.hidden, 2 * width + k, state.h);
    n_h[k] = std::tanh(affine(weights.input, 2 * width + k, x_i) + r_h[k] * step.recalled_h[k]);
  }
  for (std::size_t k = 0; k < width; ++k) state.h[k] = (1.0F - z_h[k]) * n_h[k] + z_h[k] * state.h[k];
}

void lstm_step(const RecurrentWeights& weights, std::span<const float> x_i, const RecurrentState& state,
               RecurrentStep& step) {
  const std::size_t width = state.h.size();
  const std::span<float> i_h = std::span(step.gates_gh).first(width);
  const std::span<float> f_h = std::span(step.gates_gh).subspan(width, width);
  const std::span<float> g_h = std::span(step.gates_gh).subspan(2 * width, width);
  const std::span<float> o_h = std::span(step.gates_gh).last(width);
  for (std::size_t k = 0; k < width; ++k) {
    i_h[k] = sigmoid(gate_sum(weights, k, x_i, state.h));
    f_h[k] = sigmoid(gate_sum(weights, width + k, x_i, state.h));
    g_h[k] = std::tanh(gate_sum(weights, 2 * width + k, x_i, state.h));
    o_h[k] = sigmoid(gate_sum(weights, 3 * width + k, x_i, state.h));
  }
  for (std::size_t k = 0; k < width; ++k) {
    state.c[k] = f_h[k] * state.c[k] + i_h[k] * g_h[k];
    state.h[k] = o_h[k] * std::tanh(state.c[k]);
  }
}

}  // namespace

std::size_t gate_count(RecurrentCell cell) {
  switch (cell) {
    case RecurrentCell::tanh:
      return 1;
    case RecurrentCell::gru:
      return 3;
    case RecurrentCell::lstm:
      return 4;
  }
  return 1;
}

void recurrent_step(const RecurrentWeights& weights, std::span<const float> x_i, const RecurrentState& state,
                    RecurrentStep& step) {
  const std::size_t width = state.h.size();
  const std::size_t gates = gate_count(weights.cell) * width;
  assert(width > 0 && weights.input.bias.size() == gates && weights.hidden.bias.size() == gates);
  assert(weights.input.weight.size() == gates * x_i.size() && weights.hidden.weight.size() == gates * width);
  assert(state.c.size() == (weights.cell == RecurrentCell::lstm ? width : 0));
  step.gates_gh.resize(gates);
  step.recalled_h.resize(weights.cell == RecurrentCell::gru ? width : 0);
  switch (weights.cell) {
    case RecurrentCell::tanh:
      return tanh_step(weights, x_i, state, step);
    case RecurrentCell::gru:
      return gru_step(weights, x_i, state, step);
    case RecurrentCell::lstm:
      return lstm_step(weights, x_i, state, step);
  }
}

namespace {

// Of y = σ(x) and of y = tanh(x), from y.
float sigmoid_slope(float y) {
  return y * (1.0F - y);
}
float tanh_slope(float y) {
  return 1.0F - y * y;
}

// h' = tanh(x W + h U)
void tanh_backward(const RecurrentStepBackward& job) {
  for (std::size_t k = 0; k < job.d_h.size(); ++k) {
    job.d_input_gh[k] = job.d_hidden_gh[k] = job.d_h[k] * tanh_slope(job.gates_gh[k]);
    job.d_h[k] = 0;
  }
}

// h' = (1 - z) ⊙ n + z ⊙ h, n = tanh(x W_n + r ⊙ (h U_n))
void gru_backward(const RecurrentStepBackward& job) {
  const std::size_t width = job.d_h.size();
  for (std::size_t k = 0; k < width; ++k) {
    const float r = job.gates_gh[k];
    const float z = job.gates_gh[width + k];
    const float n = job.gates_gh[2 * width + k];
    const float d_n = job.d_h[k] * (1.0F - z) * tanh_slope(n);
    const float d_z = job.d_h[k] * (job.before_h[k] - n) * sigmoid_slope(z);
    const float d_r = d_n * job.recalled_h[k] * sigmoid_slope(r);
    job.d_input_gh[k] = job.d_hidden_gh[k] = d_r;
    job.d_input_gh[width + k] = job.d_hidden_gh[width + k] = d_z;
    job.d_input_gh[2 * width + k] = d_n;
    job.d_hidden_gh[2 * width + k] = d_n * r;
    job.d_h[k] *= z;
  }
}

// c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c')
void lstm_backward(const RecurrentStepBackward& job) {
  const std::size_t width = job.d_h.size();
  for (std::size_t k = 0; k < width; ++k) {
    const float i = job.gates_gh[k];
    const float f = job.gates_gh[width + k];
    const float g = job.gates_gh[2 * width + k];
    const float o = job.gates_gh[3 * width + k];
    const float shown = std::tanh(job.after_c[k]);
    const float d_c = job.d_c[k] + job.d_h[k] * o * tanh_slope(shown);
    job.d_input_gh[k] = d_c * g * sigmoid_slope(i);
    job.d_input_gh[width + k] = d_c * job.before_c[k] * sigmoid_slope(f);
    job.d_input_gh[2 * width + k] = d_c * i * tanh_slope(g);
    job.d_input_gh[3 * width + k] = job.d_h[k] * shown * sigmoid_slope(o);
    for (std::size_t gate = 0; gate < 4; ++gate) {
      job.d_hidden_gh[gate * width + k] = job.d_input_gh[gate * width + k];
    }
    job.d_c[k] = d_c * f;
    job.d_h[k] = 0;
  }
}

}  // namespace

void recurrent_step_backward(RecurrentCell cell, const RecurrentStepBackward& job) {
  const std::size_t gates = gate_count(cell) * job.d_h.size();
  assert(job.gates_gh.size() == gates && job.d_input_gh.size() == gates && job.d_hidden_gh.size() == gates);
  assert(cell != RecurrentCell::lstm || (job.before_c.size() == job.d_h.size() && job.d_c.size() == job.d_h.size()));
  switch (cell) {
    case RecurrentCell::tanh:
      return tanh_backward(job);
    case RecurrentCell::gru:
      return gru_backward(job);
    case RecurrentCell::lstm:
      return lstm_backward(job);
  }
}

}  // namespace attune::nn
