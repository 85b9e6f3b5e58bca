// Copy gate: a decoder's choice between writing a word of its vocabulary and copying one of the source's.
//
// Part of the room `nn` (attune/nn.hpp). Comes after an alignment (attune/nn/alignment.hpp), whose weights say which
// source word would be copied. With g = σ(gate):
//   p(word) = g · softmax(vocabulary)_word + (1 - g) · Σ of weights_j over the places j where the source has the word
// so that a word outside of the vocabulary can be written as long as the source has it (A. See, P. Liu, C. Manning: Get
// To The Point: Summarization with Pointer-Generator Networks, 2017). One decoder state at a time. Thread-safe: all
// state is in the arguments.
//
// V words in the vocabulary, N places in the source. Ids below V are the vocabulary's; higher ones name words that this
// source alone has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace attune::nn {

struct CopyGate {
  float gate = 0;                               // before σ
  std::span<const float> vocabulary;            // [V] logits, V at least 1
  std::span<const float> weights;               // [N] alignment weights, which sum to 1
  std::span<const std::uint32_t> source_words;  // [N]
};

// p of words 0 … p.size() - 1: V of them, or as many as the source's ids need. Ids behind p are left out.
void copy_gate_probabilities(const CopyGate& job, std::span<float> p);

// log p(word), summed as logarithms, so that it stays finite where p itself would be 0 in FP32. A word that neither
// side can write, and a weight below 1e-20, count as 1e-20.
double copy_gate_log_probability(const CopyGate& job, std::uint32_t word);

// Added to.
struct CopyGateGradients {
  float* gate = nullptr;        // null: nobody asks
  std::span<float> vocabulary;  // [V] or empty
  std::span<float> weights;     // [N] or empty
};
// -weight · log p(word), and its gradients. A word that neither side can write has none: nothing could make it
// likelier.
double copy_gate_cross_entropy(const CopyGate& job, std::uint32_t word, double weight,
                               const CopyGateGradients& gradients);

}  // namespace attune::nn
