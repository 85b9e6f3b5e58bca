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
    std::vector<float> x_tw;
    std::vector<float> q_tw;
    std::vector<float> kv_t2w;
    std::vector<float> context_tw;
    std::vector<float> projected_tw;
  };

  // The sequences, valid, in the order of `out`. encode [B, W], classify [B, L], hidden_states [T, W].
  using Group = std::span<const Encoder::Sequence>;
  void encode(Group group, Scratch& scratch, std::span<float> out) const;
  void classify(Group group, Scratch& scratch, std::span<float> out) const;
  void hidden_states(Group group, Scratch& scratch, std::span<float> out) const;

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

  static Layer pack_layer(const LayerParameters& layer, const NormParameters& input_norm, nn::Precision precision);
  // Runs all layers. The answer stands in scratch.x_tw: all T rows, or only each sequence's first row [B, W].
  void run(Group group, bool first_rows_only, Scratch& scratch) const;
  void embed(Group group, std::span<float> x_tw) const;
  void run_layer(const Layer& layer, Group group, bool first_rows_only, Scratch& scratch) const;

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
