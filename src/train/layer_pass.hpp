// One layer that learns: forward with everything kept, and the way back.
//
// nn has each part's arithmetic; here they are put in order, for several sequences packed back to back. One thread
// works on one LayerPass; the weights are shared and only read.
//
// K rows that are attended to, R rows that go through the layer (all K, or some), W width, F feed-forward.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attune/model/layer.hpp"
#include "attune/nn/training.hpp"

namespace attune::train {

// One layer's matrices, packed anew after each step.
struct TrainableLayer {
  nn::TrainableLinear query, key_value, attention_output, feed_forward_in, feed_forward_out;
  void pack(const LayerSpans<const float>& from);
};

// Dropout behind attention and feed-forward; `seed` is a step's and group's own.
struct LayerDropout {
  double probability = 0;
  std::uint64_t seed = 0;
};
// Drops in place, forward and backward alike; each (layer, place) has a stretch of the mask longer than any batch.
void drop(const LayerDropout& dropout, std::size_t layer, std::size_t place, std::span<float> x);

// Where one sequence's rows stand.
struct PassRows {
  std::size_t first = 0;      // among the R
  std::size_t count = 0;      // that go through the layer
  std::size_t key_first = 0;  // among the K
  std::size_t key_count = 0;
};

class LayerPass {
 public:
  struct Job {
    const LayerShape& shape;
    const TrainableLayer& packed;
    const LayerSpans<const float>& weights;
    std::span<const PassRows> sequences;
    LayerDropout dropout;
    std::size_t layer = 0;  // for dropout's mask
  };
  // What the layer reads, to be filled before forward().
  std::vector<float> input_kw;   // what keys and values are made of
  std::vector<float> stream_rw;  // those rows of it that go through the layer; empty: all do

  void forward(const Job& job, std::vector<float>& out_rw, nn::Scratch& scratch);
  // `d_rw` [R, W]: in, d of the output; out, d of the stream's rows by the way around keys and values.
  // `d_input_kw`: d of what keys and values are made of is ADDED; empty: nobody asks. `skip_stream`: nobody asks for
  // the stream's either. Keeps d_kv_k2w() for a caller that has to look at keys and values itself.
  void backward(const Job& job, std::vector<float>& d_rw, std::span<float> d_input_kw, bool skip_stream,
                const LayerSpans<float>& gradients, nn::BackwardScratch& scratch);
  [[nodiscard]] const std::vector<float>& d_kv_k2w() const { return d_kv_k2w_; }

 private:
  [[nodiscard]] std::span<const float> stream() const { return stream_rw.empty() ? input_kw : stream_rw; }
  void attend(const Job& job, nn::Scratch& scratch);
  void attend_backward(const Job& job, nn::BackwardScratch& scratch);

  std::vector<float> q_rw_;
  std::vector<float> kv_k2w_;
  std::vector<float> weights_;  // [Σ H · rows · keys]
  std::vector<float> context_rw_;
  std::vector<float> attended_rw_;  // behind the first LayerNorm
  std::vector<float> inner_rf_;     // before GELU
  std::vector<float> active_rf_;
  nn::LayerNormTrace attention_norm_;
  nn::LayerNormTrace output_norm_;
  // Of the way back.
  std::vector<float> d_branch_rw_, d_inner_rf_, d_context_rw_, d_q_rw_, d_kv_k2w_;
};

}  // namespace attune::train
