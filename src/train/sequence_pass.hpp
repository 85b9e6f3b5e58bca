// Sequence models that learn: the loss of some targets given their sources, and its gradient.
//
// The loss of an example is the sum of -log p(word) over its words and the end. With a copy gate p is that of both ways
// to write a word; without one the target is smoothed. One thread works on one SequencePass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attune/model/sequence.hpp"
#include "attune/nn/alignment.hpp"
#include "attune/nn/training.hpp"

#include "train/layer_pass.hpp"

namespace attune::train {

struct SequenceExample {
  const SequenceSource* source = nullptr;
  std::span<const float> states;           // [N, S] in the place of source->states
  std::span<const std::uint32_t> targets;  // [M - 1] without the end
};

// All matrices that are not a recurrent layer's, packed anew after each step.
struct TrainableSequence {
  std::vector<TrainableLayer> encoder, own, across;
  nn::TrainableLinear states, bridge, combine, words;
  void pack(const SequenceShape& shape, std::span<const float> weights, std::size_t threads = 1);
};

class SequencePass {
 public:
  struct Job {
    const SequenceShape& shape;
    const TrainableSequence& packed;
    std::span<const float> weights;
    std::span<const SequenceExample> examples;
    LayerDropout dropout;
    double smoothing = 0;  // share of a target given to all words alike; not with a copy gate
  };
  // The summed loss. Adds its gradient to `gradient`, laid out as the weights; empty: nobody asks.
  double run(const Job& job, std::span<float> gradient);

 private:
  using Spans = SequenceSpans<const float>;
  using Gradients = SequenceSpans<float>;

  void read(const Job& job, const Spans& spans);
  void encode(const Job& job, const Spans& spans);
  void decode(const Job& job, const Spans& spans);
  void look(const Job& job, const Spans& spans);
  double write(const Job& job, const Spans& spans, const Gradients* gradients);
  void look_backward(const Job& job, const Spans& spans, const Gradients& gradients);
  void decode_backward(const Job& job, const Spans& spans, const Gradients& gradients);
  void encode_backward(const Job& job, const Spans& spans, const Gradients& gradients);
  void read_backward(const Job& job, const Gradients& gradients);

  // Rows of all sources and words of all targets, back to back.
  std::vector<std::size_t> source_offsets_, target_offsets_;
  std::vector<std::uint32_t> source_ids_, input_ids_, output_ids_;
  std::vector<std::uint32_t> turn_ids_;
  std::vector<float> frozen_ns_;
  std::vector<float> x_nw_;             // sources as embedded
  std::vector<float> y_mw_;             // targets as embedded
  std::vector<PassRows> source_rows_;   // each source, for its self-attention
  std::vector<PassRows> written_rows_;  // each word of a target: what was written up to it
  std::vector<PassRows> across_rows_;   // each target over its source
  // Forward, kept.
  std::vector<LayerPass> encoder_, own_, across_;
  nn::RecurrentOutput read_, told_;
  nn::RecurrentStates first_;
  std::vector<float> states_nw_;   // h_j
  std::vector<float> fixed_bw_;    // rnn: c
  std::vector<float> decoded_mw_;  // s_i
  std::vector<float> keys_nw_;
  nn::AlignmentTrace alignment_;
  std::vector<float> both_m2w_;     // s_i, c_i
  std::vector<float> combined_mw_;  // o_i, before dropout
  std::vector<float> dropped_mw_;   // and behind it
  std::vector<float> scores_mv_;
  // The way back.
  std::vector<float> d_states_nw_, d_fixed_bw_, d_decoded_mw_, d_both_m2w_, d_combined_mw_, d_scores_mv_, d_weights_ij_;
  std::vector<float> d_x_nw_, d_y_mw_, d_keys_nw_;
  nn::Scratch scratch_;
  nn::BackwardScratch backward_scratch_;
};

}  // namespace attune::train
