// Edit layers that learn: the loss of some conversations' edits, and its gradient.
//
// The loss of a conversation is -log of the probability of its edits: of each unit's deletion, of each slot's
// insertion, and of what is inserted. Where the missing words stand in several places, any of them is right: the start
// takes the sum over all, the end the one that the model likes best. One thread works on one EditPass.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "attune/model/edit.hpp"
#include "attune/nn/training.hpp"

#include "train/layer_pass.hpp"

namespace attune::train {

// What is right for one conversation. Places are those of EditScores.
struct EditTargets {
  struct Insertion {
    std::size_t slot = 0;
    std::vector<std::pair<std::size_t, std::size_t>> spans = {};  // first and last unit of the history; at least one
    std::size_t before = 0;                                       // short words
    std::size_t after = 0;
  };
  std::vector<bool> remove;  // [S - 1]
  std::vector<Insertion> insertions;
};

struct EditExample {
  std::span<const EditRow> rows;
  std::span<const float> states;  // [R, W]
  const EditTargets* targets = nullptr;
};

// All matrices of a model that learns, packed anew after each step.
struct TrainableEdit {
  std::vector<TrainableLayer> layers;
  nn::TrainableLinear start_query, start_key, end_slot, end_start, end_key, before, after;
  void pack(const EditShape& shape, std::span<const float> weights, std::size_t threads = 1);
};

class EditPass {
 public:
  // The summed loss. Adds its gradient to `gradient`, laid out as the weights; empty: nobody asks.
  double run(const EditShape& shape, const TrainableEdit& packed, std::span<const float> weights,
             std::span<const EditExample> examples, const LayerDropout& dropout, std::span<float> gradient);

 private:
  // Rows that heads read, back to back: which of all rows they are.
  struct Gathered {
    std::vector<std::size_t> rows;
    std::vector<float> x;    // [n, W]
    std::vector<float> d_x;  // [n, W]
  };
  // One head's output over gathered rows.
  struct Projected {
    std::vector<float> y;
    std::vector<float> d_y;
  };
  struct Copy {                          // one insertion
    std::size_t row = 0;                 // of slots_
    std::size_t first_source = 0;        // of its conversation, among sources_
    std::size_t sources = 0;             // P
    std::span<const std::size_t> until;  // [P]
    const EditTargets::Insertion* target = nullptr;
    std::size_t start = 0;  // chosen: where the span begins …
    std::size_t end = 0;    // … and ends
  };

  void read(std::span<const EditExample> examples);
  void run_layers(const LayerDropout& dropout);
  void gather(Gathered& to) const;
  void project(const nn::TrainableLinear& head, const Gathered& from, Projected& to);
  void project_back(const nn::TrainableLinear& head, const LayerSpans<float>::Linear& to, Gathered& from,
                    const Projected& out);
  double decide(std::span<const EditExample> examples, const EditHeadSpans<float>* gradients);
  double point_starts();
  double point_ends();
  double choose_glue();
  void copy_backward(const EditHeadSpans<float>& gradients);
  void layers_backward(const LayerDropout& dropout, std::span<float> gradient);

  EditShape shape_;
  const TrainableEdit* packed_ = nullptr;
  std::span<const float> weights_;
  std::vector<PassRows> sequences_;
  std::vector<EditRow> rows_;
  std::vector<LayerPass> layers_;
  std::vector<float> out_rw_, d_out_rw_;
  std::vector<std::vector<std::size_t>> until_;
  std::vector<Copy> copies_;
  Gathered slots_, sources_, starts_;
  Projected asked_, keys_, end_slot_, end_start_, end_key_, before_, after_;
  nn::Scratch scratch_;
  nn::BackwardScratch backward_scratch_;
};

}  // namespace attune::train
