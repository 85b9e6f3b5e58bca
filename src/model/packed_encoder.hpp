// An encoder's weights packed for the processor, and the run through its layers for sequences packed back to back.
//
// Knows neither files nor tokenizers. encoder.cpp shares sequences out among threads; a run is one thread's work.
//
// B sequences, T tokens of all of them, W width, L labels.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "attune/model.hpp"
#include "attune/nn.hpp"

#include "model/encoder_weights.hpp"

namespace attune {

class PackedEncoder {
 public:
  // Packs with up to `threads` threads, at least 1.
  static PackedEncoder pack(const EncoderWeights& weights, nn::Precision precision, std::size_t threads);

  // One thread's memory, kept from run to run.
  struct Scratch {
    nn::Scratch nn;
    std::vector<float> q_rw;  // R rows that the thread works on
    std::vector<float> context_rw;
    std::vector<float> projected_rw;
  };
  // What the threads that run one group share.
  struct Rows {
    std::vector<float> x_tw;
    std::vector<float> kv_t2w[2];  // of even and odd layers
    // What one of the layers says of each token is kept on the way: layer 0 stands for the embeddings.
    std::optional<std::size_t> tapped_layer;
    std::vector<float> tapped_tw;
  };
  // A part of a group's rows.
  struct Part {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  using Group = std::span<const Encoder::Sequence>;
  enum class Output { vectors, logits, hidden_states };  // [B, W], [B, L], [T, W]

  // Makes room for the group in `rows`.
  void prepare(Group group, Rows& rows) const;
  // A run has steps() steps: the embeddings with the first layer's keys and values, then each layer's rest with the
  // next one's keys and values. A row needs nothing of others but their keys and values, so the parts of a step are
  // independent; the steps come one after the other. Since layers take turns with the two memories for keys and values,
  // nobody overwrites what another part still reads.
  [[nodiscard]] std::size_t steps() const { return layers_.size() + 1; }
  void run_step(std::size_t step, Group group, Output output, const Part& part, Rows& rows, Scratch& scratch) const;
  // The answer, once every part of every step has run. `out` is in the order of the group.
  void finish(Group group, Output output, const Rows& rows, std::span<float> out) const;

  [[nodiscard]] const EncoderShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t labels() const { return head_ ? head_->classifier.out() : 0; }
  [[nodiscard]] std::size_t weight_bytes() const;

 private:
  struct Layer {
    nn::PackedLinear query, key_value, attention_output, feed_forward_in, feed_forward_out;
    NormParameters attention_norm, output_norm;
  };
  struct Head {
    std::optional<nn::PackedLinear> dense;
    HeadParameters::Activation activation;
    nn::PackedLinear classifier;
  };

  static Layer pack_layer(const LayerParameters& layer, const NormParameters& input_norm, nn::Precision precision,
                          AlignedVector<float>& memory);
  // True if the answer is read at each sequence's first token alone: then the last layer computes only these rows, and
  // they stand at the beginning of x [B, W].
  [[nodiscard]] bool reads_first_rows(Output output) const;
  void embed(Group group, const Part& part, std::span<float> x_rw) const;
  // Keys and values of a part's rows for a layer.
  void key_values(std::size_t layer, Group group, const Part& part, Rows& rows, Scratch& scratch) const;
  // Attention of rows part.first … of the group, or of each sequence's first row.
  void attend(Group group, const Part& part, bool first_rows_only, std::span<const float> kv_t2w,
              Scratch& scratch) const;
  void tap(std::size_t layer, const Part& part, std::span<const float> x_rw, Rows& rows) const;
  // Everything behind the attention, for the rows of `x_rw`.
  void finish_layer(const Layer& layer, std::span<float> x_rw, Scratch& scratch) const;

  EncoderShape shape_;
  std::shared_ptr<const void> keep_;  // what words_ points into
  WeightMatrix words_;
  std::vector<float> positions_;    // [P, W]
  std::vector<float> token_types_;  // [K, W]
  NormParameters embedding_norm_;
  std::vector<Layer> layers_;
  std::optional<Head> head_;
};

}  // namespace attune
