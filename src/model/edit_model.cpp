// Which numbers an edit model has, and where they start from.
#include <algorithm>
#include <cmath>
#include <random>

#include "attune/model/edit.hpp"

#include "model/copy_layer.hpp"
#include "model/read_model.hpp"

namespace attune {
namespace {

template <typename T>
LayerSpans<T> spans_of_layer(const EditShape& shape, std::size_t layer, std::span<T> numbers) {
  return WeightTaker<T>(numbers.subspan(layer * layer_numbers(shape.layer))).layer(shape.layer);
}

template <typename T>
EditHeadSpans<T> spans_of_heads(const EditShape& shape, std::span<T> numbers) {
  const std::size_t w = shape.layer.width;
  WeightTaker<T> take(numbers.subspan(shape.upper_layers * layer_numbers(shape.layer)));
  // Members are initialised in their order, which is the layout's.
  return {.turns = take(shape.turns * w),
          .places = take(shape.places * w),
          .remove = take.linear(1, w),
          .insert = take.linear(1, w),
          .start_query = take.linear(w, w),
          .start_key = take.linear(w, w),
          .end_slot = take.linear(w, w),
          .end_start = take.linear(w, w),
          .end_key = take.linear(w, w),
          .before = take.linear(shape.glue, w),
          .after = take.linear(shape.glue, w)};
}

// Uniform with Glorot's bound for a square matrix; the same numbers on every machine.
void fill(std::span<float> weight, std::size_t width, std::mt19937_64& random) {
  const double bound = std::sqrt(3.0 / static_cast<double>(width));
  for (float& number : weight) {
    const double unit = static_cast<double>(random() >> 11U) * 0x1p-53;
    number = static_cast<float>((2 * unit - 1) * bound);
  }
}

}  // namespace

std::vector<WeightSlice> edit_layout(const EditShape& shape) {
  const std::size_t w = shape.layer.width;
  WeightLayout layout;
  for (std::size_t layer = 0; layer < shape.upper_layers; ++layer) {
    layout.layer("layers." + std::to_string(layer) + ".", shape.layer);
  }
  layout.matrix("turn.embedding", shape.turns, w);
  layout.matrix("place.embedding", shape.places, w);
  for (const char* name : {"delete", "insert"}) {
    layout.vector(std::string(name) + ".weight", w);
    layout.vector(std::string(name) + ".bias", 1);
  }
  for (const char* name : {"start_query", "start_key", "end_slot", "end_start", "end_key"}) layout.linear(name, w, w);
  for (const char* name : {"before", "after"}) layout.linear(name, shape.glue, w);
  return layout.slices;
}

LayerSpans<const float> edit_layer(const EditShape& shape, std::size_t layer, std::span<const float> numbers) {
  return spans_of_layer<const float>(shape, layer, numbers);
}

LayerSpans<float> edit_layer(const EditShape& shape, std::size_t layer, std::span<float> numbers) {
  return spans_of_layer<float>(shape, layer, numbers);
}

EditHeadSpans<const float> edit_heads(const EditShape& shape, std::span<const float> numbers) {
  return spans_of_heads<const float>(shape, numbers);
}

EditHeadSpans<float> edit_heads(const EditShape& shape, std::span<float> numbers) {
  return spans_of_heads<float>(shape, numbers);
}

Result<EditModel> start_edit_model(const std::filesystem::path& encoder, const EditStart& start) {
  if (start.glue.empty() || !start.glue.front().empty()) {
    return Error{ErrorKind::bad_input, "the first short word must be \"\": none"};
  }
  const auto parts = read_model(encoder);
  if (!parts) return parts.error();
  const EncoderShape& from = parts->weights.shape;
  if (start.upper_layers == 0 || start.lower_layers + start.upper_layers > from.layers) {
    return Error{ErrorKind::bad_input, std::to_string(start.upper_layers) + " edit layers above layer " +
                                           std::to_string(start.lower_layers) + " need an encoder that has them; " +
                                           parts->description.name + " has " + std::to_string(from.layers)};
  }
  EditModel model;
  model.name = parts->description.name + "-edit";
  model.base = parts->description.identity;
  model.licence = parts->description.licence;
  model.glue = start.glue;
  model.shape.lower_layers = start.lower_layers;
  model.shape.upper_layers = start.upper_layers;
  model.shape.glue = start.glue.size();
  model.shape.layer = {from.width, from.heads, from.feed_forward, from.epsilon, from.gelu};
  const auto layout = edit_layout(model.shape);
  model.weights.resize(layout.back().first + layout.back().count());
  const std::span<float> numbers = model.weights;
  for (std::size_t layer = 0; layer < start.upper_layers; ++layer) {
    copy_layer(parts->weights.layers[start.lower_layers + layer], edit_layer(model.shape, layer, numbers));
  }
  std::mt19937_64 random(start.seed);
  const auto heads = edit_heads(model.shape, numbers);
  for (const auto& head : {heads.start_query, heads.start_key, heads.end_slot, heads.end_start, heads.end_key}) {
    fill(head.weight, from.width, random);
  }
  return model;
}

}  // namespace attune
