// Which numbers joint layers have, and where they start from.
#include <algorithm>
#include <cmath>

#include "attune/model/joint.hpp"

#include "model/copy_layer.hpp"
#include "model/read_model.hpp"

namespace attune {
namespace {

template <typename T>
LayerSpans<T> spans_of_layer(const JointShape& shape, std::size_t layer, std::span<T> numbers) {
  return WeightTaker<T>(numbers.subspan(layer * layer_numbers(shape.layer()))).layer(shape.layer());
}

template <typename T>
JointHeadSpans<T> head_spans(const JointShape& shape, std::span<T> numbers) {
  const std::size_t w = shape.width;
  WeightTaker<T> take(numbers.subspan(shape.upper_layers * layer_numbers(shape.layer())));
  return {.late_query_centre = take(w),
          .late_passage_centre = take(w),
          .late_gate = take(w),
          .late_weight = take(1),
          .weight = take(w),
          .bias = take(1),
          .cosine_weight = take(1)};
}

}  // namespace

std::vector<WeightSlice> joint_layout(const JointShape& shape) {
  const std::size_t w = shape.width;
  WeightLayout layout;
  for (std::size_t layer = 0; layer < shape.upper_layers; ++layer) {
    layout.layer("layers." + std::to_string(layer) + ".", shape.layer());
  }
  layout.vector("late.query_centre", w);
  layout.vector("late.passage_centre", w);
  layout.vector("late.gate.weight", w);
  layout.vector("late.weight", 1);
  layout.vector("head.weight", w);
  layout.vector("head.bias", 1);
  layout.vector("cosine.weight", 1);
  return layout.slices;
}

LayerSpans<const float> joint_layer(const JointShape& shape, std::size_t layer, std::span<const float> numbers) {
  return spans_of_layer<const float>(shape, layer, numbers);
}

LayerSpans<float> joint_layer(const JointShape& shape, std::size_t layer, std::span<float> numbers) {
  return spans_of_layer<float>(shape, layer, numbers);
}

JointHeadSpans<const float> joint_head(const JointShape& shape, std::span<const float> numbers) {
  return head_spans<const float>(shape, numbers);
}

JointHeadSpans<float> joint_head(const JointShape& shape, std::span<float> numbers) {
  return head_spans<float>(shape, numbers);
}

Result<JointModel> start_joint_model(const std::filesystem::path& encoder, const JointStart& start) {
  const auto parts = read_model(encoder);
  if (!parts) return parts.error();
  const EncoderShape& from = parts->weights.shape;
  if (start.upper_layers == 0 || start.upper_layers > from.layers || start.lower_layers > from.layers) {
    return Error{ErrorKind::bad_input, std::to_string(start.upper_layers) + " joint layers above layer " +
                                           std::to_string(start.lower_layers) + " need an encoder that has them; " +
                                           parts->description.name + " has " + std::to_string(from.layers)};
  }
  const std::size_t first = std::min(start.lower_layers, from.layers - start.upper_layers);
  JointModel model;
  model.name = parts->description.name + "-joint";
  model.base = parts->description.identity;
  model.query_prefix = parts->description.query_prefix;
  model.passage_prefix = parts->description.passage_prefix;
  model.licence = parts->description.licence;
  model.shape = {.lower_layers = start.lower_layers,
                 .upper_layers = start.upper_layers,
                 .one_sided = start.one_sided,
                 .width = from.width,
                 .heads = from.heads,
                 .feed_forward = from.feed_forward,
                 .epsilon = from.epsilon,
                 .gelu = from.gelu};
  const std::vector<WeightSlice> layout = joint_layout(model.shape);
  model.weights.resize(layout.back().first + 1);
  for (std::size_t layer = 0; layer < start.upper_layers; ++layer) {
    copy_layer(parts->weights.layers[first + layer], joint_layer(model.shape, layer, std::span<float>(model.weights)));
  }
  const auto head = joint_head(model.shape, std::span<float>(model.weights));
  head.cosine_weight[0] = start.cosine_weight;
  head.late_weight[0] = start.late_weight;
  return model;
}

float Calibration::relevance(float score) const {
  return 1 / (1 + std::exp(-(slope * score + offset)));
}

}  // namespace attune
