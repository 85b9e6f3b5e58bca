// Alignment: the attention between a decoder and an encoder. For each decoder state s_i, weights a_ij say how much of
// each encoder state h_j goes into the context c_i = Σ_j a_ij h_j.
//
// Part of the room `nn` (attune/nn.hpp), forward and backward, in FP32. Comes after a recurrent encoder
// (attune/nn/recurrent.hpp) and inside a decoder's step. Plain loops over dot_product(): c_i depends on nothing but s_i
// and its own sequence's h_j, bit for bit, whether decoder states come one by one or all at once. Gradients follow the
// rules at the head of attune/nn/training.hpp: d_… and gradients are added to. Thread-safe: all state is in the
// arguments.
//
// B pairs of sequences, back to back without padding: M decoder states, N encoder states in all, M_b and N_b in pair b.
// S numbers in a decoder state, H in an encoder state, A in the space where the two are compared. Row-major, no gaps.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attune/nn.hpp"
#include "attune/nn/recurrent.hpp"

namespace attune::nn {

// What the decoder looks at. Keys are what it compares with and values what it takes; both may be the encoder's states.
struct AlignmentMemory {
  PackedRows keys;                // [N, A]
  std::span<const float> values;  // [N, H], at the keys' offsets
};

// What a backward pass and an explanation need.
struct AlignmentTrace {
  std::vector<float> queries_ma;    // [M, A] the decoder's states as they were compared: s_i W, or s_i itself
  std::vector<float> compared_ija;  // [Σ_b M_b · N_b, A] additive: tanh(s_i W + h_j U); empty for dot products
  std::vector<float> scores_ij;     // [Σ_b M_b · N_b] e_ij, pair by pair, row i of a pair has its N_b scores
  std::vector<float> weights_ij;    // the same shape: a_ij = exp(e_ij) / Σ_j exp(e_ij)
};

// Bahdanau's: e_ij = v · tanh(s_i W + h_j U), where s W means s · Wᵀ + bias.
struct AdditiveAlignmentWeights {
  LinearWeights query;             // W [A, S], bias [A]
  LinearWeights key;               // U [A, H], bias [A]
  std::span<const float> compare;  // v [A]
};

// The keys h_j U of encoder states [N, H]: made once for each source text, however many steps the decoder takes.
void additive_keys(const AdditiveAlignmentWeights& weights, std::span<const float> states_nh,
                   std::span<float> keys_na /* [N, A] */);

// Contexts c_i for decoder states [M, S]. Each pair has at least one encoder state unless it has no decoder state.
// Writes to `trace` if it is not null.
void additive_alignment(const AdditiveAlignmentWeights& weights, const PackedRows& states_ms,
                        const AlignmentMemory& memory, std::span<float> contexts_mh /* [M, H] */,
                        AlignmentTrace* trace = nullptr);

// Luong's: e_ij = scale · (s_i · key_j), so C = softmax(scale · S Kᵀ) V. S and A are the same. `scale` is 1 in Luong's
// paper and 1 / √A in self-attention.
void dot_product_alignment(float scale, const PackedRows& states_ms, const AlignmentMemory& memory,
                           std::span<float> contexts_mh /* [M, H] */, AlignmentTrace* trace = nullptr);

// What both backward passes read and write. Any of the three gradients may be empty: nobody asks.
struct AlignmentBackward {
  PackedRows states_ms;
  AlignmentMemory memory;
  const AlignmentTrace& trace;           // of the forward call
  std::span<const float> d_contexts_mh;  // [M, H]
  std::span<float> d_states_ms;          // [M, S]
  std::span<float> d_keys_na;            // [N, A]
  std::span<float> d_values_nh;          // [N, H]
  // As AlignmentTrace::weights_ij: what else read the weights, as a copy gate does; empty: nobody.
  std::span<const float> d_weights_ij = {};
};

struct AdditiveAlignmentGradients {
  LinearGradients query;
  std::span<float> compare;  // [A] or empty
};
void additive_alignment_backward(const AdditiveAlignmentWeights& weights, const AlignmentBackward& job,
                                 const AdditiveAlignmentGradients& gradients, BackwardScratch& scratch);

// Of additive_keys(): once for each source text, with the d_keys of all steps.
struct AdditiveKeysBackward {
  std::span<const float> states_nh;
  std::span<const float> d_keys_na;
  std::span<float> d_states_nh;  // or empty
  LinearGradients gradients;
};
void additive_keys_backward(const AdditiveAlignmentWeights& weights, const AdditiveKeysBackward& job,
                            BackwardScratch& scratch);

void dot_product_alignment_backward(float scale, const AlignmentBackward& job);

}  // namespace attune::nn
