// Joint layers that learn: forward with everything kept, and the way back.
//
// nn has each layer's arithmetic; here they are put in order, for several (query, passage) pairs packed back to back.
// One thread works on one JointPass; the weights are shared and only read.
//
// P pairs; N_p rows of query p, M_p rows of its passage, K = Σ (N_p + M_p), W width, F feed-forward.
// A layer's input rows are K: of each pair the query's, then the passage's. Its output rows are the same, or only the
// queries' where nobody reads the others: in the last layer, and in every layer of a one-sided model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attune/model/joint.hpp"
#include "attune/nn/late_interaction.hpp"
#include "attune/nn/training.hpp"

#include "train/layer_pass.hpp"

namespace attune::train {

// A query and a passage as the lower layers left them, and the cosine of their vectors.
struct PairStates {
  std::span<const float> query;    // [N, W]
  std::span<const float> passage;  // [M, W]
  float cosine = 0;
};

// All matrices of a model that learns.
struct TrainableJoint {
  std::vector<TrainableLayer> layers;
  // On up to `threads` threads.
  void pack(const JointShape& shape, std::span<const float> weights, std::size_t threads = 1);
};

// One thread's memory and the numbers that the way back needs.
class JointPass {
 public:
  // Scores of the pairs to out [P]. Keeps what backward() needs.
  void forward(const JointShape& shape, const TrainableJoint& packed, std::span<const float> weights,
               std::span<const PairStates> pairs, const LayerDropout& dropout, std::span<float> scores);
  // Adds d(loss) / d(weights) to `gradients`, laid out as the weights; `d_scores` [P].
  void backward(std::span<const float> d_scores, std::span<float> gradients);

 private:
  struct Place {                // of a pair
    std::size_t input = 0;      // first row among the K
    std::size_t query_row = 0;  // first row among the queries'
    std::size_t query = 0;      // N
    std::size_t passage = 0;    // M
  };
  [[nodiscard]] bool queries_only(std::size_t layer) const;
  // A layer's work on the pairs at hand; `spans` must outlive it.
  [[nodiscard]] LayerPass::Job job(std::size_t layer, const LayerSpans<const float>& spans);
  void place_pairs(std::span<const PairStates> pairs);
  void read_input(std::size_t layer, std::span<const PairStates> pairs);
  void layer_backward(std::size_t layer, std::vector<float>& d_rw, std::span<float> gradients);
  // Late interaction of each pair, from the first layer's input.
  void interact_late();
  void late_backward(std::span<const float> d_scores, const JointHeadSpans<float>& to);
  [[nodiscard]] nn::LateInteraction late_pair(const Place& place) const;

  JointShape shape_;
  const TrainableJoint* packed_ = nullptr;
  std::span<const float> weights_;
  LayerDropout dropout_;
  std::vector<Place> places_;
  std::size_t inputs_ = 0;   // K
  std::size_t queries_ = 0;  // Σ N_p
  std::vector<float> cosines_;
  LayerShape layer_;
  std::vector<LayerPass> layers_;
  std::vector<PassRows> rows_;
  std::vector<float> out_rw_;  // of the last layer: the queries' rows
  std::vector<float> pooled_pw_;
  std::vector<float> late_kw_;  // the first layer's input, centred
  std::vector<float> gate_logits_;
  std::vector<nn::LateMatches> matches_;
  std::vector<float> late_scores_;
  nn::Scratch scratch_;
  nn::BackwardScratch backward_scratch_;
};

}  // namespace attune::train
