// Training: the backward passes of an encoder's layers, and the forward ones that keep what backward needs.
//
// Part of the room `nn` (attune/nn.hpp); `train` calls the layers in order and owns weights, gradients and threads.
// FP32, sequences packed back to back without padding, on the calling thread: a trainer gives each thread its own
// sequences, its own gradients and its own scratch. Losses are in attune/nn/losses.hpp; recurrent layers and alignments
// have their backward passes next to the forward ones.
//
// d_x means d(loss) / d(x) and has the shape of x. What a function puts into a d_… or into gradients is ADDED to what
// is there, unless it says "in place", so that paths which meet again need no extra sums and several sequences can
// share gradients; zero them before. A gradient of weights may be empty: frozen, nothing is spent on it. Gradients of
// weights are one chain of sums in the order of rows: two sequences in one call give the bits of one call after the
// other. Gradients of rows depend on nothing but their own sequence.
//
// T tokens, W width of the model, H heads, D = W / H. Thread-safe: all state is in the arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attune/nn.hpp"

namespace attune::nn {

// Memory that backward passes work in, one for each thread. Grows to what the longest call needed.
struct BackwardScratch {
  std::vector<float> panels;  // linear: a block of x; attention: keys
  std::vector<float> bands;   // linear: a block of d_y; attention: values
  std::vector<float> queries;
  std::vector<float> d_out;
  std::vector<float> d_scores;
};

// ---- linear: y = x · weightᵀ + bias. Forward is linear() on `forward`.

// Both layouts of one matrix that changes at every step. pack() again uses the memory that is there.
struct TrainableLinear {
  PackedLinear forward;   // x → y
  PackedLinear backward;  // d_y → d_x: the transpose, without a bias
  void pack(const LinearWeights& weights);
};

struct LinearGradients {
  std::span<float> weight;  // [out, in]
  std::span<float> bias;    // [out]
};

//   d_x += d_y · weight     d_weight += d_yᵀ · x     d_bias += Σ d_y
struct LinearBackward {
  const PackedLinear& transposed;  // TrainableLinear::backward
  std::span<const float> x;        // [T, in]; not read if gradients.weight is empty
  std::span<const float> d_y;      // [T, out]
  std::span<float> d_x;            // [T, in]; empty: nobody asks
  LinearGradients gradients;
};
void linear_backward(const LinearBackward& job, BackwardScratch& scratch);

// ---- gelu: y = x / 2 · (1 + erf(x / √2)), or its tanh form

// Forward that leaves x as it is; the bits are those of feed_forward(). x and y have the same size; they may be the
// same.
void gelu(GeluForm form, std::span<const float> x, std::span<float> y);
// In place: `d` holds d_y and then d_x.
void gelu_backward(GeluForm form, std::span<const float> x, std::span<float> d);

// ---- LayerNorm with its residual

struct LayerNormTrace {
  std::vector<float> normalised_tw;        // [T, W] (v - mean) / σ, where v = x + residual
  std::vector<float> inverse_deviation_t;  // [T] 1 / σ
};
struct LayerNormGradients {
  std::span<float> scale;  // [W]
  std::span<float> shift;  // [W]
};

// add_layer_norm() of attune/nn.hpp, bit for bit, that fills `trace`.
void add_layer_norm(const LayerNormWeights& weights, std::span<const float> residual_tw, std::span<float> x_tw,
                    LayerNormTrace& trace);
// In place: `d` holds d_y and then d(x + residual), which is the gradient of x and of the residual alike.
void add_layer_norm_backward(const LayerNormWeights& weights, const LayerNormTrace& trace, std::span<float> d_tw,
                             const LayerNormGradients& gradients);

// ---- dropout

// Which numbers are dropped follows from these alone, on every machine: nothing is kept for the backward pass. Number i
// of a call is number `counter` + i of the endless mask that `seed` names; give each place its own stretch of it.
struct Dropout {
  double probability = 0;  // of being dropped, from 0 to below 1
  std::uint64_t seed = 0;
  std::uint64_t counter = 0;
};
// In place, forward and backward alike: x = 0 or x / (1 - probability).
void dropout(const Dropout& mask, std::span<float> x);

// ---- embedding: row t of the output is table row ids[t]

// d_table[ids[t]] += d_y[t]. Ids must be below the table's rows.
void embedding_backward(std::span<const std::uint32_t> ids, std::span<const float> d_y_tw,
                        std::span<float> d_table_vw /* [V, W] */);

// ---- attention: the backward pass of self_attention()

// Softmax attention of Q queries over T keys. Queries may come from another sequence than keys and values, and there
// may be more or fewer of them. `weights` is what self_attention() filled.
struct SelfAttentionBackward {
  std::span<const float> q;        // [Q, W]
  std::span<const float> kv;       // [T, 2 W] each row a token's key, then its value
  std::span<const float> weights;  // [H, Q, T]
  std::span<const float> d_out;    // [Q, W]
  std::size_t heads = 1;
  std::size_t width = 0;
  std::span<float> d_q;   // [Q, W]
  std::span<float> d_kv;  // [T, 2 W]
};
void self_attention_backward(const SelfAttentionBackward& job, BackwardScratch& scratch);

// ---- pooling

// Of mean_pool(): each row's share of d_out.
void mean_pool_backward(std::span<const float> d_out_w, bool weighted, std::span<float> d_x_tw);
// Of taking the first row.
void first_row_backward(std::span<const float> d_out_w, std::span<float> d_x_tw);
// In place: `d` holds d(x / |x|) and then d_x. `x` is the vector before it was scaled; zeros have no gradient.
void to_unit_length_backward(std::span<const float> x, std::span<float> d);

}  // namespace attune::nn
