#include "model/own_layer.hpp"

#include "model/norm_range.hpp"

namespace attune {
namespace {

std::vector<float> copy_of(std::span<const float> numbers) {
  return {numbers.begin(), numbers.end()};
}

}  // namespace

OwnLayer OwnLayer::pack(const LayerShape& shape, const LayerSpans<const float>& from, nn::Precision precision,
                        std::span<const float> range, std::span<const float> key_range) {
  OwnLayer layer;
  layer.shape_ = shape;
  const auto pack = [precision](const LayerSpans<const float>::Linear& linear, std::span<const float> inputs) {
    return nn::PackedLinear::pack({linear.weight, linear.bias}, precision, inputs);
  };
  layer.query_ = pack(from.query, range);
  layer.key_value_ = pack(from.key_value, key_range);
  layer.attention_output_ = pack(from.attention_output, {});
  layer.feed_forward_in_ =
      pack(from.feed_forward_in, range_behind(from.attention_norm.scale, from.attention_norm.shift));
  layer.feed_forward_out_ = pack(from.feed_forward_out, {});
  layer.attention_scale_ = copy_of(from.attention_norm.scale);
  layer.attention_shift_ = copy_of(from.attention_norm.shift);
  layer.output_scale_ = copy_of(from.output_norm.scale);
  layer.output_shift_ = copy_of(from.output_norm.shift);
  return layer;
}

void OwnLayer::run(std::span<const LayerRows> sequences, std::span<const float> input_kw, std::span<float> x_rw,
                   OwnLayerMemory& memory) const {
  memory.kv_k2w.resize(2 * input_kw.size());
  keys(input_kw, memory.kv_k2w, memory);
  run_with_keys(sequences, memory.kv_k2w, x_rw, memory);
}

void OwnLayer::keys(std::span<const float> input_kw, std::span<float> kv_k2w, OwnLayerMemory& memory) const {
  nn::linear(key_value_, input_kw, memory.nn, kv_k2w);
}

void OwnLayer::run_with_keys(std::span<const LayerRows> sequences, std::span<const float> kv_k2w, std::span<float> x_rw,
                             OwnLayerMemory& memory, std::vector<float>* weights) const {
  const std::size_t width = shape_.width;
  memory.q_rw.resize(x_rw.size());
  memory.context_rw.resize(x_rw.size());
  memory.projected_rw.resize(x_rw.size());
  nn::linear(query_, x_rw, memory.nn, memory.q_rw);
  for (const LayerRows& rows : sequences) {
    const std::size_t first = rows.first * width;
    const std::size_t size = rows.count * width;
    std::span<float> kept;
    if (weights != nullptr) {
      const std::size_t before = weights->size();
      weights->resize(before + shape_.heads * rows.count * rows.key_count);
      kept = std::span(*weights).subspan(before);
    }
    nn::self_attention({.q = std::span<const float>(memory.q_rw).subspan(first, size),
                        .kv = kv_k2w.subspan(rows.key_first * 2 * width, rows.key_count * 2 * width),
                        .heads = shape_.heads,
                        .width = width,
                        .out = std::span(memory.context_rw).subspan(first, size),
                        .weights = kept},
                       memory.nn);
  }
  const std::span<float> projected = memory.projected_rw;
  nn::linear(attention_output_, memory.context_rw, memory.nn, projected);
  nn::add_layer_norm({attention_scale_, attention_shift_, shape_.epsilon}, projected, x_rw);
  nn::feed_forward({feed_forward_in_, feed_forward_out_, shape_.gelu}, x_rw, memory.nn, projected);
  nn::add_layer_norm({output_scale_, output_shift_, shape_.epsilon}, projected, x_rw);
}

std::size_t OwnLayer::weight_bytes() const {
  std::size_t bytes = 0;
  for (const nn::PackedLinear* part :
       {&query_, &key_value_, &attention_output_, &feed_forward_in_, &feed_forward_out_}) {
    bytes += part->bytes();
  }
  return bytes;
}

}  // namespace attune
