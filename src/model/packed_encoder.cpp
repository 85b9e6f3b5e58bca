#include "model/packed_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "attune/core/work_sharing.hpp"

namespace attune {
namespace {

nn::LayerNormWeights norm_view(const NormParameters& norm, float epsilon) {
  return {norm.scale, norm.shift, epsilon};
}

// Several products of the same input, one below the other, as one.
nn::PackedLinear pack_linears(std::initializer_list<const LinearParameters*> parts, nn::Precision precision,
                              std::span<const float> range) {
  std::vector<float> weight;
  std::vector<float> bias;
  for (const LinearParameters* part : parts) {
    const std::size_t start = weight.size();
    weight.resize(start + part->weight.rows * part->weight.columns);
    read_rows(part->weight, 0, part->weight.rows, std::span(weight).subspan(start));
    bias.insert(bias.end(), part->bias.begin(), part->bias.end());
  }
  return nn::PackedLinear::pack({weight, bias}, precision, range);
}

// How large the numbers behind a LayerNorm get in each column: those within three standard deviations.
std::vector<float> range_behind(const NormParameters& norm) {
  std::vector<float> range(norm.scale.size());
  for (std::size_t i = 0; i < range.size(); ++i) range[i] = std::abs(norm.shift[i]) + 3 * std::abs(norm.scale[i]);
  return range;
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

void apply(HeadParameters::Activation activation, std::span<float> x) {
  for (float& value : x) {
    if (activation == HeadParameters::Activation::tanh) value = std::tanh(value);
    if (activation == HeadParameters::Activation::relu) value = std::max(value, 0.0F);
  }
}

}  // namespace

PackedEncoder::Layer PackedEncoder::pack_layer(const LayerParameters& layer, const NormParameters& input_norm,
                                               nn::Precision precision) {
  const std::vector<float> input_range = range_behind(input_norm);
  const std::vector<float> inner_range = range_behind(layer.attention_norm);
  return {.query = pack_linears({&layer.query}, precision, input_range),
          .key_value = pack_linears({&layer.key, &layer.value}, precision, input_range),
          .attention_output = pack_linears({&layer.attention_output}, precision, {}),
          .feed_forward_in = pack_linears({&layer.feed_forward_in}, precision, inner_range),
          .feed_forward_out = pack_linears({&layer.feed_forward_out}, precision, {}),
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
  share_out<int>(weights.layers.size(), threads, {}, [&](std::size_t index, int&) {
    const NormParameters& before = index == 0 ? weights.embedding_norm : weights.layers[index - 1].output_norm;
    packed.layers_[index] = pack_layer(weights.layers[index], before, precision);
  });
  if (weights.head) {
    // A few rows for each sequence: not worth rounding.
    Head& head = packed.head_.emplace();
    if (weights.head->dense) head.dense = pack_linears({&*weights.head->dense}, nn::Precision::f32, {});
    head.activation = weights.head->activation;
    head.classifier = pack_linears({&weights.head->classifier}, nn::Precision::f32, {});
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

void PackedEncoder::embed(Group group, std::span<float> x_tw) const {
  const std::size_t width = shape_.width;
  float* row = x_tw.data();
  for (const Encoder::Sequence& sequence : group) {
    for (std::size_t token = 0; token < sequence.ids.size(); ++token, row += width) {
      read_rows(words_, static_cast<std::size_t>(sequence.ids[token]), 1, {row, width});
      const float* position = positions_.data() + token * width;
      for (std::size_t column = 0; column < width; ++column) row[column] += position[column];
      if (token_types_.empty()) continue;
      const std::size_t type = sequence.types.empty() ? 0 : static_cast<std::size_t>(sequence.types[token]);
      for (std::size_t column = 0; column < width; ++column) row[column] += token_types_[type * width + column];
    }
  }
  nn::add_layer_norm(norm_view(embedding_norm_, shape_.epsilon), {}, x_tw);
}

// Post-LayerNorm: x = norm(x + attention(x)); x = norm(x + feed_forward(x)).
void PackedEncoder::run_layer(const Layer& layer, Group group, bool first_rows_only, Scratch& scratch) const {
  const std::size_t width = shape_.width;
  const std::size_t tokens = tokens_of(group);
  const std::size_t rows = first_rows_only ? group.size() : tokens;
  std::span<float> x_tw = std::span(scratch.x_tw).first(tokens * width);
  const std::span<float> kv = room(scratch.kv_t2w, tokens * 2 * width);
  nn::linear(layer.key_value, x_tw, scratch.nn, kv);
  if (first_rows_only) {
    // Keys and values were the last to read the other rows.
    std::size_t token = 0;
    for (std::size_t index = 0; index < group.size(); token += group[index++].ids.size()) {
      std::memmove(x_tw.data() + index * width, x_tw.data() + token * width, width * sizeof(float));
    }
    x_tw = x_tw.first(rows * width);
  }
  const std::span<float> q_tw = room(scratch.q_tw, rows * width);
  nn::linear(layer.query, x_tw, scratch.nn, q_tw);

  const std::span<float> context_tw = room(scratch.context_tw, rows * width);
  std::size_t token = 0;
  std::size_t row = 0;
  for (const Encoder::Sequence& sequence : group) {
    const std::size_t length = sequence.ids.size();
    const std::size_t queries = first_rows_only ? 1 : length;
    nn::self_attention({.q = q_tw.subspan(row * width, queries * width),
                        .kv = kv.subspan(token * 2 * width, length * 2 * width),
                        .heads = shape_.heads,
                        .width = width,
                        .out = context_tw.subspan(row * width, queries * width),
                        .weights = {}},
                       scratch.nn);
    token += length;
    row += queries;
  }

  const std::span<float> projected_tw = room(scratch.projected_tw, rows * width);
  nn::linear(layer.attention_output, context_tw, scratch.nn, projected_tw);
  nn::add_layer_norm(norm_view(layer.attention_norm, shape_.epsilon), projected_tw, x_tw);
  nn::feed_forward({layer.feed_forward_in, layer.feed_forward_out, shape_.gelu}, x_tw, scratch.nn, projected_tw);
  nn::add_layer_norm(norm_view(layer.output_norm, shape_.epsilon), projected_tw, x_tw);
}

void PackedEncoder::run(Group group, bool first_rows_only, Scratch& scratch) const {
  embed(group, room(scratch.x_tw, tokens_of(group) * shape_.width));
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    run_layer(layers_[index], group, first_rows_only && index + 1 == layers_.size(), scratch);
  }
}

void PackedEncoder::encode(Group group, Scratch& scratch, std::span<float> out) const {
  const std::size_t width = shape_.width;
  const bool first_rows_only = shape_.pooling == Pooling::cls;
  run(group, first_rows_only, scratch);
  const float* rows = scratch.x_tw.data();
  for (std::size_t index = 0; index < group.size(); ++index) {
    const std::size_t length = first_rows_only ? 1 : group[index].ids.size();
    const std::span<float> vector = out.subspan(index * width, width);
    nn::mean_pool({rows, length * width}, shape_.pooling == Pooling::weighted, vector);
    if (shape_.unit_length) nn::to_unit_length(vector);
    rows += length * width;
  }
}

void PackedEncoder::classify(Group group, Scratch& scratch, std::span<float> out) const {
  run(group, true, scratch);
  std::span<const float> x = std::span(scratch.x_tw).first(group.size() * shape_.width);
  if (head_->dense) {
    const std::span<float> dense = room(scratch.projected_tw, x.size());
    nn::linear(*head_->dense, x, scratch.nn, dense);
    apply(head_->activation, dense);
    x = dense;
  }
  nn::linear(head_->classifier, x, scratch.nn, out);
}

void PackedEncoder::hidden_states(Group group, Scratch& scratch, std::span<float> out) const {
  run(group, false, scratch);
  std::memcpy(out.data(), scratch.x_tw.data(), out.size_bytes());
}

}  // namespace attune
