// Recurrent layers: a state that is carried from token to token. Plain RNN (tanh), GRU and LSTM, forward and backward
// through time, in FP32.
//
// Part of the room `nn` (attune/nn.hpp): weights come in as spans, nothing here knows names or files. Formulas, the
// order of gates and both biases are those of PyTorch's nn.RNN, nn.GRU and nn.LSTM, so weights move over as they are.
// Plain loops over dot_product(): a state depends on nothing but its own sequence, bit for bit, whatever else is in the
// batch and whether tokens come one by one or all at once. Gradients follow the rules at the head of
// attune/nn/training.hpp: d_… and gradients are added to. Thread-safe: all state is in the arguments.
//
// B sequences of T tokens in all, back to back without padding; I numbers of input, H of state, G gates (1, 3 or 4),
// L layers, D directions (1 or 2). All matrices are row-major without gaps.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attune/nn.hpp"
#include "attune/nn/training.hpp"

namespace attune::nn {

// σ is 1 / (1 + exp(-x)), ⊙ the product number by number; x W means x · Wᵀ + bias with that gate's rows of the weights.
//   tanh  h' = tanh(x W + h U)
//   gru   r = σ(x W_r + h U_r)   z = σ(x W_z + h U_z)   n = tanh(x W_n + r ⊙ (h U_n))   h' = (1 - z) ⊙ n + z ⊙ h
//   lstm  i = σ(x W_i + h U_i)   f = σ(x W_f + h U_f)   g = tanh(x W_g + h U_g)         o = σ(x W_o + h U_o)
//         c' = f ⊙ c + i ⊙ g     h' = o ⊙ tanh(c')
enum class RecurrentCell { tanh, gru, lstm };

// 1, 3 (r, z, n) or 4 (i, f, g, o): the blocks of H rows in the weights, and of H numbers in a trace, in this order.
std::size_t gate_count(RecurrentCell cell);

// One layer in one direction.
struct RecurrentWeights {
  RecurrentCell cell = RecurrentCell::tanh;
  LinearWeights input;   // W [G · H, I], bias [G · H]
  LinearWeights hidden;  // U [G · H, H], bias [G · H]

  [[nodiscard]] std::size_t state_width() const { return hidden.bias.size() / gate_count(cell); }
};

// What a backward pass and an explanation need of one layer in one direction. Row t belongs to token t.
struct RecurrentTrace {
  std::vector<float> gates_tgh;    // [T, G · H] after σ or tanh
  std::vector<float> recalled_th;  // [T, H] GRU: h U_n, which r scales; empty otherwise
  std::vector<float> cells_th;     // [T, H] LSTM: c'; empty otherwise
  std::vector<float> states_th;    // [T, H] h'
};

// The state of one sequence, read and replaced by a step. `c` is for LSTM and empty otherwise.
struct RecurrentState {
  std::span<float> h;  // [H]
  std::span<float> c;  // [H]
};

// What one step leaves behind: a row of each matrix in RecurrentTrace. Its memory may be used again for the next step.
struct RecurrentStep {
  std::vector<float> gates_gh;    // [G · H]
  std::vector<float> recalled_h;  // [H] GRU; empty otherwise
};

// One token: h and c become h' and c'. A decoder that makes its tokens one by one gets the same bits from this as
// recurrent() gives for all of them.
void recurrent_step(const RecurrentWeights& weights, std::span<const float> x_i, const RecurrentState& state,
                    RecurrentStep& step);

// Sequences back to back. Sequence b is rows offsets[b] to offsets[b + 1] - 1; it may be empty.
struct PackedRows {
  std::span<const float> rows;           // [T, width]
  std::span<const std::size_t> offsets;  // [B + 1] from 0 to T, never descending; B is at least 1
};

// States before the first or after the last token of each sequence: [L · D, B, H], layer by layer, in each layer
// forward before backward. The backward direction starts at a sequence's last token and ends at its first.
struct RecurrentStates {
  std::vector<float> h;
  std::vector<float> c;  // LSTM; empty otherwise
};

struct RecurrentStack {
  // [L · D]: layer 0 forward, layer 0 backward, layer 1 forward, … All have the same cell and H; layers after the first
  // read D · H numbers.
  std::span<const RecurrentWeights> weights;
  bool bidirectional = false;  // D is 2
};

struct RecurrentOutput {
  std::vector<float> states_tdh;       // [T, D · H] the last layer's h' at each token, forward's before backward's
  RecurrentStates last;                // after each sequence; of an empty one, what it began with
  std::vector<RecurrentTrace> traces;  // [L · D] if asked for: the input of a layer is the states of the one before
};

// Runs the whole stack over all sequences. `initial` may be empty (zeros).
RecurrentOutput recurrent(const RecurrentStack& stack, const PackedRows& x_ti, const RecurrentStates& initial = {},
                          bool keep_traces = false);

// Backward through one token's gates, for a decoder that makes its tokens one by one. What then remains are four
// products: d_x += d_input · W, d_h += d_hidden · U, and the gradients of W from (x, d_input) and of U from (h,
// d_hidden).
struct RecurrentStepBackward {
  std::span<const float> gates_gh;    // a row of each matrix in RecurrentTrace
  std::span<const float> recalled_h;  // GRU
  std::span<const float> before_h;    // h
  std::span<const float> before_c;    // LSTM: c
  std::span<const float> after_c;     // LSTM: c'
  // In place: d(h') and d(c') become what of d(h) and d(c) does not pass through U.
  std::span<float> d_h;  // [H]
  std::span<float> d_c;  // [H] LSTM
  // Written, not added: the gradients of x W and of h U before σ and tanh. They differ in a GRU's n alone.
  std::span<float> d_input_gh;   // [G · H]
  std::span<float> d_hidden_gh;  // [G · H]
};
void recurrent_step_backward(RecurrentCell cell, const RecurrentStepBackward& job);

struct RecurrentGradients {
  LinearGradients input;
  LinearGradients hidden;
};

// Backward through the whole of recurrent(): what it was given, what it gave back with its traces kept, and the
// gradients of that.
struct RecurrentBackward {
  const RecurrentStack& stack;
  PackedRows x_ti;
  const RecurrentStates& initial;  // may be empty, as it was
  const RecurrentOutput& output;
  std::span<const float> d_states_tdh;            // [T, D · H]
  const RecurrentStates* d_last = nullptr;        // gradients of output.last; null: nobody read it
  std::span<const RecurrentGradients> gradients;  // [L · D]
  std::span<float> d_x_ti;                        // [T, I] or empty
  RecurrentStates* d_initial = nullptr;           // made as large as output.last when it is empty; null: nobody asks
};
void recurrent_backward(const RecurrentBackward& job, BackwardScratch& scratch);

}  // namespace attune::nn
