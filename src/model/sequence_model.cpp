// Which numbers a sequence model has, and where they start from.
#include <array>
#include <cmath>
#include <random>

#include "attune/model/sequence.hpp"

namespace attune {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"rnn", "rnn-attention", "transformer"};
constexpr std::size_t kGates = 3;  // of a GRU

template <typename T>
typename SequenceSpans<T>::Recurrent take_recurrent(WeightTaker<T>& take, std::size_t width, std::size_t state) {
  const auto input = take.linear(kGates * state, width);
  return {input, take.linear(kGates * state, state)};
}

void lay_recurrent(WeightLayout& layout, const std::string& name, std::size_t width, std::size_t state) {
  layout.linear(name + ".input", kGates * state, width);
  layout.linear(name + ".hidden", kGates * state, state);
}

template <typename T>
SequenceSpans<T> take_spans(const SequenceShape& shape, std::span<T> numbers) {
  const std::size_t w = shape.layer.width;
  WeightTaker<T> take(numbers);
  SequenceSpans<T> spans;
  spans.source_words = take(shape.source_words * w);
  spans.target_words = take(shape.target_words * w);
  if (shape.turns > 1) spans.turns = take(shape.turns * w);
  if (shape.state_width > 0) spans.states = take.linear(w, shape.state_width);
  if (shape.attends()) {
    for (std::size_t i = 0; i < shape.encoder_layers; ++i) spans.encoder.push_back(take.layer(shape.layer));
    for (std::size_t i = 0; i < shape.decoder_layers; ++i) {
      spans.own.push_back(take.layer(shape.layer));
      spans.across.push_back(take.layer(shape.layer));
    }
  } else {
    spans.forward = take_recurrent(take, w, w / 2);
    spans.backward = take_recurrent(take, w, w / 2);
    spans.bridge = take.linear(w, w);
    spans.decoder = take_recurrent(take, w, w);
  }
  if (shape.aligns()) {
    spans.align_query = take.linear(w, w);
    spans.align_key = take.linear(w, w);
    spans.compare = take(w);
  }
  spans.combine = take.linear(w, 2 * w);
  if (shape.copies) spans.gate = take.linear(1, w);
  spans.word_bias = take(shape.target_words);
  return spans;
}

}  // namespace

std::string_view name_of(SequenceArchitecture architecture) {
  return kNames[static_cast<std::size_t>(architecture)];
}

std::optional<SequenceArchitecture> sequence_architecture(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<SequenceArchitecture>(i);
  }
  return std::nullopt;
}

std::vector<WeightSlice> sequence_layout(const SequenceShape& shape) {
  const std::size_t w = shape.layer.width;
  WeightLayout layout;
  layout.matrix("source.embedding", shape.source_words, w);
  layout.matrix("target.embedding", shape.target_words, w);
  if (shape.turns > 1) layout.matrix("turn.embedding", shape.turns, w);
  if (shape.state_width > 0) layout.linear("states", w, shape.state_width);
  if (shape.attends()) {
    for (std::size_t i = 0; i < shape.encoder_layers; ++i) {
      layout.layer("encoder." + std::to_string(i) + ".", shape.layer);
    }
    for (std::size_t i = 0; i < shape.decoder_layers; ++i) {
      layout.layer("decoder." + std::to_string(i) + ".own.", shape.layer);
      layout.layer("decoder." + std::to_string(i) + ".across.", shape.layer);
    }
  } else {
    lay_recurrent(layout, "encoder.forward", w, w / 2);
    lay_recurrent(layout, "encoder.backward", w, w / 2);
    layout.linear("bridge", w, w);
    lay_recurrent(layout, "decoder", w, w);
  }
  if (shape.aligns()) {
    layout.linear("alignment.query", w, w);
    layout.linear("alignment.key", w, w);
    layout.vector("alignment.compare", w);
  }
  layout.linear("combine", w, 2 * w);
  if (shape.copies) layout.linear("gate", 1, w);
  layout.vector("word.bias", shape.target_words);
  return layout.slices;
}

SequenceSpans<const float> sequence_spans(const SequenceShape& shape, std::span<const float> numbers) {
  return take_spans<const float>(shape, numbers);
}

SequenceSpans<float> sequence_spans(const SequenceShape& shape, std::span<float> numbers) {
  return take_spans<float>(shape, numbers);
}

nn::RecurrentWeights recurrent_weights(const SequenceSpans<const float>::Recurrent& from) {
  return {nn::RecurrentCell::gru, {from.input.weight, from.input.bias}, {from.hidden.weight, from.hidden.bias}};
}

void add_positions(std::span<float> rows_nw, std::size_t width, std::size_t first) {
  for (std::size_t row = 0; row * width < rows_nw.size(); ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      const double power = static_cast<double>(i / 2 * 2) / static_cast<double>(width);
      const double angle = static_cast<double>(first + row) / std::pow(10'000.0, power);
      rows_nw[row * width + i] += static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
}

float embedding_scale(std::size_t width) {
  return std::sqrt(static_cast<float>(width));
}

// Uniform with Glorot's bound; embeddings with variance 1 / W. The same numbers on every machine.
std::vector<float> first_sequence_weights(const SequenceShape& shape, std::uint64_t seed) {
  const auto layout = sequence_layout(shape);
  std::vector<float> weights(layout.back().first + layout.back().count(), 0.0F);
  std::mt19937_64 random(seed);
  for (const WeightSlice& slice : layout) {
    const std::span<float> numbers = std::span(weights).subspan(slice.first, slice.count());
    if (slice.name.ends_with("norm.scale")) std::ranges::fill(numbers, 1.0F);
    const bool compares = slice.name == "alignment.compare";
    if (slice.columns == 0 && !compares) continue;
    const bool embeds = slice.name.ends_with(".embedding");
    const double sides = embeds || compares ? 2 * static_cast<double>(shape.layer.width)
                                            : static_cast<double>(slice.rows + slice.columns);
    const double bound = std::sqrt(6 / sides);
    for (float& number : numbers) {
      const double unit = static_cast<double>(random() >> 11U) * 0x1p-53;
      number = static_cast<float>((2 * unit - 1) * bound);
    }
  }
  return weights;
}

}  // namespace attune
