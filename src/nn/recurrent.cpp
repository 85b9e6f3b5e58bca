// Whole sequences through a stack of recurrent layers, in one or both directions.
#include "attune/nn/recurrent.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace attune::nn {
namespace {

// One layer in one direction over all sequences. T tokens, I numbers of input, H of state.
struct LayerRun {
  const RecurrentWeights& weights;
  PackedRows x_ti;
  bool backward = false;
};

void put_row(std::span<const float> row, std::size_t token, std::vector<float>& matrix) {
  std::copy(row.begin(), row.end(), matrix.begin() + static_cast<std::ptrdiff_t>(token * row.size()));
}

// `h_bh` and `c_bh` [B, H] hold the states before and afterwards those after each sequence.
RecurrentTrace run_layer(const LayerRun& run, std::span<float> h_bh, std::span<float> c_bh) {
  const auto& offsets = run.x_ti.offsets;
  const std::size_t width = run.weights.state_width();
  const std::size_t tokens = offsets.back();
  const std::size_t inputs = run.weights.input.weight.size() / run.weights.input.bias.size();
  assert(run.x_ti.rows.size() == tokens * inputs);
  RecurrentTrace trace;
  trace.states_th.resize(tokens * width);
  trace.gates_tgh.resize(tokens * width * gate_count(run.weights.cell));
  if (run.weights.cell == RecurrentCell::gru) trace.recalled_th.resize(tokens * width);
  if (run.weights.cell == RecurrentCell::lstm) trace.cells_th.resize(tokens * width);

  RecurrentStep step;
  for (std::size_t sequence = 0; sequence + 1 < offsets.size(); ++sequence) {
    const RecurrentState state{h_bh.subspan(sequence * width, width),
                               c_bh.empty() ? c_bh : c_bh.subspan(sequence * width, width)};
    const std::size_t first = offsets[sequence];
    const std::size_t end = offsets[sequence + 1];
    assert(first <= end);
    for (std::size_t index = first; index < end; ++index) {
      const std::size_t token = run.backward ? end - 1 - (index - first) : index;
      recurrent_step(run.weights, run.x_ti.rows.subspan(token * inputs, inputs), state, step);
      put_row(step.gates_gh, token, trace.gates_tgh);
      put_row(step.recalled_h, token, trace.recalled_th);
      put_row(state.c, token, trace.cells_th);
      put_row(state.h, token, trace.states_th);
    }
  }
  return trace;
}

// [T, H] of each direction side by side: [T, D · H].
std::vector<float> side_by_side(std::span<const RecurrentTrace> directions, std::size_t width) {
  const std::size_t tokens = directions[0].states_th.size() / width;
  std::vector<float> joined(tokens * directions.size() * width);
  auto to = joined.begin();
  for (std::size_t token = 0; token < tokens; ++token) {
    for (const RecurrentTrace& direction : directions) {
      const auto from = direction.states_th.begin() + static_cast<std::ptrdiff_t>(token * width);
      to = std::copy(from, from + static_cast<std::ptrdiff_t>(width), to);
    }
  }
  return joined;
}

}  // namespace

RecurrentOutput recurrent(const RecurrentStack& stack, const PackedRows& x_ti, const RecurrentStates& initial,
                          bool keep_traces) {
  const std::size_t directions = stack.bidirectional ? 2 : 1;
  assert(!stack.weights.empty() && stack.weights.size() % directions == 0 && x_ti.offsets.size() >= 2);
  const std::size_t layers = stack.weights.size() / directions;
  const std::size_t width = stack.weights[0].state_width();
  const std::size_t sequences = x_ti.offsets.size() - 1;
  const std::size_t states = sequences * width;  // of one layer in one direction
  const bool has_cells = stack.weights[0].cell == RecurrentCell::lstm;

  RecurrentOutput output;
  output.last = initial;
  if (output.last.h.empty()) output.last.h.resize(stack.weights.size() * states);
  if (output.last.c.empty() && has_cells) output.last.c.resize(stack.weights.size() * states);
  assert(output.last.h.size() == stack.weights.size() * states);
  assert(output.last.c.size() == (has_cells ? output.last.h.size() : 0));

  PackedRows input = x_ti;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    std::vector<RecurrentTrace> traces;
    for (std::size_t direction = 0; direction < directions; ++direction) {
      const std::size_t at = layer * directions + direction;
      const std::span<float> h_bh = std::span(output.last.h).subspan(at * states, states);
      const std::span<float> c_bh = has_cells ? std::span(output.last.c).subspan(at * states, states) : h_bh.first(0);
      traces.push_back(run_layer({stack.weights[at], input, direction == 1}, h_bh, c_bh));
    }
    output.states_tdh = side_by_side(traces, width);
    input.rows = output.states_tdh;
    if (keep_traces) std::move(traces.begin(), traces.end(), std::back_inserter(output.traces));
  }
  return output;
}

}  // namespace attune::nn
