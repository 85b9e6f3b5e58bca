#include "model/packed_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "attune/core/work_sharing.hpp"

#include "model/norm_range.hpp"

namespace attune {
namespace {

nn::LayerNormWeights norm_view(const NormParameters& norm, float epsilon) {
  return {norm.scale, norm.shift, epsilon};
}

// Several products of the same input, one below the other, as one. `memory` is for the weights as FP32.
nn::PackedLinear pack_linears(std::initializer_list<const LinearParameters*> parts, nn::Precision precision,
                              std::span<const float> range, AlignedVector<float>& memory) {
  std::size_t size = 0;
  for (const LinearParameters* part : parts) size += part->weight.rows * part->weight.columns;
  if (memory.size() < size) memory = AlignedVector<float>(size);
  const std::span<float> weight = std::span(memory).first(size);
  std::vector<float> bias;
  std::size_t start = 0;
  for (const LinearParameters* part : parts) {
    const std::size_t count = part->weight.rows * part->weight.columns;
    read_rows(part->weight, 0, part->weight.rows, weight.subspan(start, count));
    bias.insert(bias.end(), part->bias.begin(), part->bias.end());
    start += count;
  }
  return nn::PackedLinear::pack({weight, bias}, precision, range);
}

std::size_t tokens_of(PackedEncoder::Group group) {
  std::size_t tokens = 0;
  for (const Encoder::Sequence& sequence : group) tokens += sequence.ids.size();
  return tokens;
}

// The first `size` numbers of a memory that grows when needed and never shrinks.
std::span<float> room(std::vector<float>& memory, std::size_t size) {
  if (memory.size() < size) memory.resize(size);
  return std::span(memory).first(size);
}

void activate(HeadParameters::Activation activation, std::span<float> x) {
  for (float& value : x) {
    if (activation == HeadParameters::Activation::tanh) value = std::tanh(value);
    if (activation == HeadParameters::Activation::relu) value = std::max(value, 0.0F);
  }
}

}  // namespace

PackedEncoder::Layer PackedEncoder::pack_layer(const LayerParameters& layer, const NormParameters& input_norm,
                                               nn::Precision precision, AlignedVector<float>& memory) {
  const std::vector<float> input_range = range_behind(input_norm.scale, input_norm.shift);
  const std::vector<float> inner_range = range_behind(layer.attention_norm.scale, layer.attention_norm.shift);
  return {.query = pack_linears({&layer.query}, precision, input_range, memory),
          .key_value = pack_linears({&layer.key, &layer.value}, precision, input_range, memory),
          .attention_output = pack_linears({&layer.attention_output}, precision, {}, memory),
          .feed_forward_in = pack_linears({&layer.feed_forward_in}, precision, inner_range, memory),
          .feed_forward_out = pack_linears({&layer.feed_forward_out}, precision, {}, memory),
          .attention_norm = layer.attention_norm,
          .output_norm = layer.output_norm};
}

PackedEncoder PackedEncoder::pack(const EncoderWeights& weights, nn::Precision precision, std::size_t threads) {
  PackedEncoder packed;
  packed.shape_ = weights.shape;
  packed.keep_ = weights.keep;
  packed.words_ = weights.words;
  packed.positions_ = weights.positions;
  packed.token_types_ = weights.token_types;
  packed.embedding_norm_ = weights.embedding_norm;
  packed.layers_.resize(weights.layers.size());
  using Memory = AlignedVector<float>;  // kept from layer to layer: fetching it anew took a tenth of the time
  share_out<Memory>(weights.layers.size(), threads, {}, [&](std::size_t index, Memory& memory) {
    const NormParameters& before = index == 0 ? weights.embedding_norm : weights.layers[index - 1].output_norm;
    packed.layers_[index] = pack_layer(weights.layers[index], before, precision, memory);
  });
  if (weights.head) {
    // A few rows for each sequence: not worth rounding.
    Head& head = packed.head_.emplace();
    Memory memory;
    if (weights.head->dense) head.dense = pack_linears({&*weights.head->dense}, nn::Precision::f32, {}, memory);
    head.activation = weights.head->activation;
    head.classifier = pack_linears({&weights.head->classifier}, nn::Precision::f32, {}, memory);
  }
  return packed;
}

std::size_t PackedEncoder::weight_bytes() const {
  std::size_t bytes = 0;
  for (const Layer& layer : layers_) {
    for (const nn::PackedLinear* part :
         {&layer.query, &layer.key_value, &layer.attention_output, &layer.feed_forward_in, &layer.feed_forward_out}) {
      bytes += part->bytes();
    }
  }
  return bytes;
}

void PackedEncoder::embed(Group group, const Part& part, std::span<float> x_rw) const {
  const std::size_t width = shape_.width;
  std::size_t row = 0;  // of the group
  for (const Encoder::Sequence& sequence : group) {
    for (std::size_t token = 0; token < sequence.ids.size(); ++token, ++row) {
      if (row < part.first || row >= part.first + part.count) continue;
      const std::span<float> x_w = x_rw.subspan((row - part.first) * width, width);
      read_rows(words_, static_cast<std::size_t>(sequence.ids[token]), 1, x_w);
      const float* position = positions_.data() + token * width;
      for (std::size_t column = 0; column < width; ++column) x_w[column] += position[column];
      if (token_types_.empty()) continue;
      const std::size_t type = sequence.types.empty() ? 0 : static_cast<std::size_t>(sequence.types[token]);
      for (std::size_t column = 0; column < width; ++column) x_w[column] += token_types_[type * width + column];
    }
  }
  nn::add_layer_norm(norm_view(embedding_norm_, shape_.epsilon), {}, x_rw);
}

void PackedEncoder::attend(Group group, const Part& part, bool first_rows_only, std::span<const float> kv_t2w,
                           Scratch& scratch) const {
  const std::size_t width = shape_.width;
  std::size_t start = 0;  // the sequence's first row in the group
  std::size_t done = 0;   // rows of q and the context
  for (const Encoder::Sequence& sequence : group) {
    const std::size_t length = sequence.ids.size();
    const std::size_t begin = first_rows_only ? start : std::max(start, part.first);
    const std::size_t end = first_rows_only ? start + 1 : std::min(start + length, part.first + part.count);
    if (begin < end) {
      nn::self_attention({.q = std::span(scratch.q_rw).subspan(done * width, (end - begin) * width),
                          .kv = kv_t2w.subspan(start * 2 * width, length * 2 * width),
                          .heads = shape_.heads,
                          .width = width,
                          .out = std::span(scratch.context_rw).subspan(done * width, (end - begin) * width),
                          .weights = {}},
                         scratch.nn);
      done += end - begin;
    }
    start += length;
  }
}

// Post-LayerNorm: x = norm(x + attention(x)); x = norm(x + feed_forward(x)).
void PackedEncoder::finish_layer(const Layer& layer, std::span<float> x_rw, Scratch& scratch) const {
  const std::span<float> projected_rw = room(scratch.projected_rw, x_rw.size());
  nn::linear(layer.attention_output, std::span(scratch.context_rw).first(x_rw.size()), scratch.nn, projected_rw);
  nn::add_layer_norm(norm_view(layer.attention_norm, shape_.epsilon), projected_rw, x_rw);
  nn::feed_forward({layer.feed_forward_in, layer.feed_forward_out, shape_.gelu}, x_rw, scratch.nn, projected_rw);
  nn::add_layer_norm(norm_view(layer.output_norm, shape_.epsilon), projected_rw, x_rw);
}

bool PackedEncoder::reads_first_rows(Output output) const {
  return output == Output::logits || (output == Output::vectors && shape_.pooling == Pooling::cls);
}

void PackedEncoder::prepare(Group group, Rows& rows) const {
  const std::size_t size = tokens_of(group) * shape_.width;
  room(rows.x_tw, size);
  room(rows.kv_t2w[0], 2 * size);
  room(rows.kv_t2w[1], 2 * size);
  if (rows.tapped_layer) room(rows.tapped_tw, size);
}

void PackedEncoder::tap(std::size_t layer, const Part& part, std::span<const float> x_rw, Rows& rows) const {
  if (rows.tapped_layer != layer) return;
  std::ranges::copy(x_rw, rows.tapped_tw.begin() + static_cast<std::ptrdiff_t>(part.first * shape_.width));
}

void PackedEncoder::key_values(std::size_t layer, Group group, const Part& part, Rows& rows, Scratch& scratch) const {
  const std::size_t width = shape_.width;
  const std::span<float> kv_t2w = std::span(rows.kv_t2w[layer % 2]).first(tokens_of(group) * 2 * width);
  nn::linear(layers_[layer].key_value, std::span(rows.x_tw).subspan(part.first * width, part.count * width), scratch.nn,
             kv_t2w.subspan(part.first * 2 * width, part.count * 2 * width));
}

void PackedEncoder::run_step(std::size_t step, Group group, Output output, const Part& part, Rows& rows,
                             Scratch& scratch) const {
  const std::size_t width = shape_.width;
  std::span<float> x_rw = std::span(rows.x_tw).subspan(part.first * width, part.count * width);
  if (step == 0) {
    embed(group, part, x_rw);
    tap(0, part, x_rw, rows);
    if (!layers_.empty()) key_values(0, group, part, rows, scratch);
    return;
  }
  const Layer& layer = layers_[step - 1];
  const bool first_rows_only = reads_first_rows(output) && step == layers_.size();
  if (first_rows_only) {
    // A row for each sequence is left: one part's work. Keys and values were the last to read the other rows.
    if (part.first > 0) return;
    std::size_t token = 0;
    for (std::size_t place = 0; place < group.size(); token += group[place++].ids.size()) {
      std::memmove(rows.x_tw.data() + place * width, rows.x_tw.data() + token * width, width * sizeof(float));
    }
    x_rw = std::span(rows.x_tw).first(group.size() * width);
  }
  nn::linear(layer.query, x_rw, scratch.nn, room(scratch.q_rw, x_rw.size()));
  room(scratch.context_rw, x_rw.size());
  const std::span<const float> kv_t2w = rows.kv_t2w[(step - 1) % 2];
  attend(group, part, first_rows_only, kv_t2w.first(tokens_of(group) * 2 * width), scratch);
  finish_layer(layer, x_rw, scratch);
  if (!first_rows_only) tap(step, part, x_rw, rows);
  if (step < layers_.size()) key_values(step, group, part, rows, scratch);
}

void PackedEncoder::finish(Group group, Output output, const Rows& rows, std::span<float> out) const {
  const std::size_t width = shape_.width;
  if (output == Output::hidden_states) {
    std::memcpy(out.data(), rows.x_tw.data(), out.size_bytes());
    return;
  }
  if (output == Output::logits) {
    nn::Scratch scratch;
    std::span<const float> x = std::span(rows.x_tw).first(group.size() * width);
    std::vector<float> dense(x.size());
    if (head_->dense) {
      nn::linear(*head_->dense, x, scratch, dense);
      activate(head_->activation, dense);
      x = dense;
    }
    nn::linear(head_->classifier, x, scratch, out);
    return;
  }
  const float* row = rows.x_tw.data();
  for (std::size_t index = 0; index < group.size(); ++index) {
    const std::size_t length = reads_first_rows(output) ? 1 : group[index].ids.size();
    const std::span<float> vector = out.subspan(index * width, width);
    nn::mean_pool({row, length * width}, shape_.pooling == Pooling::weighted, vector);
    if (shape_.unit_length) nn::to_unit_length(vector);
    row += length * width;
  }
}

}  // namespace attune
