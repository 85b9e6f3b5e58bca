// One layer of our own models at work: forward only, in either precision. train/layer_pass.hpp is the same walk with
// its way back.
//
// S sequences packed back to back. K rows that are attended to, R rows that go through the layer (all K, or some).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attune/model/layer.hpp"

namespace attune {

// Where one sequence's rows stand.
struct LayerRows {
  std::size_t first = 0;      // among the R
  std::size_t count = 0;      // that go through the layer
  std::size_t key_first = 0;  // among the K
  std::size_t key_count = 0;
};

// One thread's memory; grows to what the longest call needed.
struct OwnLayerMemory {
  nn::Scratch nn;
  std::vector<float> q_rw;
  std::vector<float> kv_k2w;
  std::vector<float> context_rw;
  std::vector<float> projected_rw;
};

class OwnLayer {
 public:
  // `range`: how large each input is at most, of what the layer reads, and of its keys' rows; empty: not known.
  static OwnLayer pack(const LayerShape& shape, const LayerSpans<const float>& from, nn::Precision precision,
                       std::span<const float> range, std::span<const float> key_range);
  // x_rw [R, W] in place; `input_kw` [K, W] is what keys and values are made of and may be x_rw itself.
  void run(std::span<const LayerRows> sequences, std::span<const float> input_kw, std::span<float> x_rw,
           OwnLayerMemory& memory) const;
  // The same in two steps, for keys and values that are read again and again: kv [K, 2 W] of input [K, W], and the
  // rest. `weights`: the softmax of each sequence, [H, rows, keys] one behind the other, is put there if it is not
  // nullptr.
  void keys(std::span<const float> input_kw, std::span<float> kv_k2w, OwnLayerMemory& memory) const;
  void run_with_keys(std::span<const LayerRows> sequences, std::span<const float> kv_k2w, std::span<float> x_rw,
                     OwnLayerMemory& memory, std::vector<float>* weights = nullptr) const;
  [[nodiscard]] std::size_t weight_bytes() const;

 private:
  LayerShape shape_;
  nn::PackedLinear query_, key_value_, attention_output_, feed_forward_in_, feed_forward_out_;
  std::vector<float> attention_scale_, attention_shift_, output_scale_, output_shift_;
};

}  // namespace attune
