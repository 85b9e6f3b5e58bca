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

namespace {

// Row `index` of a matrix whose rows have `width` numbers.
template <typename Matrix>
auto row_of(Matrix& matrix, std::size_t index, std::size_t width) {
  return std::span(matrix).subspan(index * width, width);
}

// One layer in one direction on the way back.
struct LayerBackward {
  const RecurrentWeights& weights;
  const RecurrentTrace& trace;
  PackedRows x_ti;
  bool backward = false;
  std::size_t direction = 0;            // where this direction's columns stand in d_states
  std::span<const float> d_states_tdh;  // [T, D · H]
  std::span<const float> initial_h_bh;  // [B, H] or empty: zeros
  std::span<const float> initial_c_bh;  // LSTM
  RecurrentGradients gradients;
  std::span<float> d_x_ti;  // or empty
};

// Through time, from each sequence's last step to its first: leaves the gradients of x W and h U for all tokens, and
// the states that each step read. `d_h_bh` and `d_c_bh` [B, H] hold the gradients of the states after each sequence and
// afterwards those before it.
class ThroughTime {
 public:
  ThroughTime(const LayerBackward& job, BackwardScratch& scratch) : job_(job), scratch_(scratch) {
    const std::size_t tokens = job.x_ti.offsets.back();
    d_input_.resize(tokens * gates_);
    d_hidden_.resize(tokens * gates_);
    before_h_.resize(tokens * width_);
    back_.repack_transposed(job.weights.hidden);
  }

  void run(std::span<float> d_h_bh, std::span<float> d_c_bh) {
    const auto& offsets = job_.x_ti.offsets;
    for (std::size_t sequence = 0; sequence + 1 < offsets.size(); ++sequence) {
      const std::size_t count = offsets[sequence + 1] - offsets[sequence];
      const std::span<float> d_h = row_of(d_h_bh, sequence, width_);
      const std::span<float> d_c = d_c_bh.empty() ? d_c_bh : row_of(d_c_bh, sequence, width_);
      for (std::size_t step = count; step-- > 0;) run_step(sequence, step, d_h, d_c);
    }
  }

  // The gradients of the weights and of x, all tokens together.
  void finish() {
    linear_backward(
        {.transposed = back_, .x = before_h_, .d_y = d_hidden_, .d_x = {}, .gradients = job_.gradients.hidden},
        scratch_);
    back_.repack_transposed(job_.weights.input);
    linear_backward({.transposed = back_,
                     .x = job_.x_ti.rows,
                     .d_y = d_input_,
                     .d_x = job_.d_x_ti,
                     .gradients = job_.gradients.input},
                    scratch_);
  }

 private:
  // Step 0 is the first that the layer took: the last token, if it runs backward.
  [[nodiscard]] std::size_t token_of(std::size_t sequence, std::size_t step) const {
    const auto& offsets = job_.x_ti.offsets;
    return job_.backward ? offsets[sequence + 1] - 1 - step : offsets[sequence] + step;
  }

  [[nodiscard]] std::span<const float> state_before(std::size_t sequence, std::size_t step,
                                                    const std::vector<float>& states_th,
                                                    std::span<const float> initial_bh) const {
    if (step > 0) return row_of(states_th, token_of(sequence, step - 1), width_);
    return initial_bh.empty() ? std::span<const float>(zeros_) : row_of(initial_bh, sequence, width_);
  }

  void run_step(std::size_t sequence, std::size_t step, std::span<float> d_h, std::span<float> d_c) {
    const RecurrentTrace& trace = job_.trace;
    const std::size_t token = token_of(sequence, step);
    const std::size_t directions = job_.d_states_tdh.size() / (job_.x_ti.offsets.back() * width_);
    const auto d_state = row_of(job_.d_states_tdh, token * directions + job_.direction, width_);
    for (std::size_t k = 0; k < width_; ++k) d_h[k] += d_state[k];
    const bool has_cells = job_.weights.cell == RecurrentCell::lstm;
    const bool recalls = job_.weights.cell == RecurrentCell::gru;
    const auto before_h = state_before(sequence, step, trace.states_th, job_.initial_h_bh);
    const auto d_hidden = row_of(d_hidden_, token, gates_);
    std::copy(before_h.begin(), before_h.end(), row_of(before_h_, token, width_).begin());
    const std::span<const float> none;
    recurrent_step_backward(
        job_.weights.cell,
        {.gates_gh = row_of(trace.gates_tgh, token, gates_),
         .recalled_h = recalls ? row_of(trace.recalled_th, token, width_) : none,
         .before_h = before_h,
         .before_c = has_cells ? state_before(sequence, step, trace.cells_th, job_.initial_c_bh) : none,
         .after_c = has_cells ? row_of(trace.cells_th, token, width_) : none,
         .d_h = d_h,
         .d_c = d_c,
         .d_input_gh = row_of(d_input_, token, gates_),
         .d_hidden_gh = d_hidden});
    linear_backward({.transposed = back_, .x = {}, .d_y = d_hidden, .d_x = d_h, .gradients = {}}, scratch_);
  }

  const LayerBackward& job_;
  BackwardScratch& scratch_;
  std::size_t width_ = job_.weights.state_width();
  std::size_t gates_ = gate_count(job_.weights.cell) * width_;
  std::vector<float> zeros_ = std::vector<float>(width_);
  std::vector<float> d_input_;   // [T, G · H]
  std::vector<float> d_hidden_;  // [T, G · H]
  std::vector<float> before_h_;  // [T, H]
  PackedLinear back_;            // Uᵀ, then Wᵀ
};

}  // namespace

void recurrent_backward(const RecurrentBackward& job, BackwardScratch& scratch) {
  const std::span<const RecurrentWeights> weights = job.stack.weights;
  const std::size_t directions = job.stack.bidirectional ? 2 : 1;
  const std::size_t width = weights[0].state_width();
  const std::size_t states = (job.x_ti.offsets.size() - 1) * width;
  assert(job.output.traces.size() == weights.size() && job.gradients.size() == weights.size());
  assert(job.d_states_tdh.size() == job.x_ti.offsets.back() * directions * width);

  // Gradients of the states after each sequence, which become those before it.
  RecurrentStates d_ends;
  if (job.d_last != nullptr) d_ends = *job.d_last;
  d_ends.h.resize(job.output.last.h.size());
  d_ends.c.resize(job.output.last.c.size());
  const auto states_of = [&](auto& all, std::size_t at) {
    return all.empty() ? std::span(all) : std::span(all).subspan(at * states, states);
  };

  std::vector<float> d_states(job.d_states_tdh.begin(), job.d_states_tdh.end());
  for (std::size_t layer = weights.size() / directions; layer-- > 0;) {
    PackedRows input = job.x_ti;
    std::vector<float> below;    // the states of the layer before, which this one reads
    std::vector<float> d_below;  // and their gradients
    if (layer > 0) {
      const auto traces = std::span(job.output.traces).subspan((layer - 1) * directions, directions);
      input.rows = below = side_by_side(traces, width);
      d_below.resize(below.size());
    }
    for (std::size_t direction = 0; direction < directions; ++direction) {
      const std::size_t at = layer * directions + direction;
      const LayerBackward part = {.weights = weights[at],
                                  .trace = job.output.traces[at],
                                  .x_ti = input,
                                  .backward = direction == 1,
                                  .direction = direction,
                                  .d_states_tdh = d_states,
                                  .initial_h_bh = states_of(job.initial.h, at),
                                  .initial_c_bh = states_of(job.initial.c, at),
                                  .gradients = job.gradients[at],
                                  .d_x_ti = layer > 0 ? std::span<float>(d_below) : job.d_x_ti};
      ThroughTime time(part, scratch);
      time.run(states_of(d_ends.h, at), states_of(d_ends.c, at));
      time.finish();
    }
    if (layer > 0) d_states = std::move(d_below);
  }
  if (job.d_initial == nullptr) return;
  const auto add = [](const std::vector<float>& from, std::vector<float>& to) {
    to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
  };
  add(d_ends.h, job.d_initial->h);
  add(d_ends.c, job.d_initial->c);
}

}  // namespace attune::nn
