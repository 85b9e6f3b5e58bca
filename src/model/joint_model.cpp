// Which numbers joint layers have, and where they start from.
#include <algorithm>
#include <cassert>
#include <cmath>

#include "attune/model/joint.hpp"

#include "model/read_model.hpp"

namespace attune {
namespace {

// Numbers of one layer.
std::size_t layer_numbers(const JointShape& shape) {
  const std::size_t w = shape.width;
  const std::size_t f = shape.feed_forward;
  return 4 * w * w + 2 * w * f + 4 * w + f + w + 4 * w;
}

// Numbers one after another.
template <typename T>
struct Taker {
  std::span<T> rest;
  std::span<T> operator()(std::size_t count) {
    const std::span<T> taken = rest.first(count);
    rest = rest.subspan(count);
    return taken;
  }
};

template <typename T>
JointLayerSpans<T> layer_spans(const JointShape& shape, std::size_t layer, std::span<T> numbers) {
  const std::size_t w = shape.width;
  const std::size_t f = shape.feed_forward;
  Taker<T> take{numbers.subspan(layer * layer_numbers(shape), layer_numbers(shape))};
  using Spans = JointLayerSpans<T>;
  const auto linear = [&](std::size_t rows, std::size_t columns) {
    const std::span<T> weight = take(rows * columns);
    return typename Spans::Linear{weight, take(rows)};
  };
  const auto norm = [&] {
    const std::span<T> scale = take(w);
    return typename Spans::Norm{scale, take(w)};
  };
  // Members are initialised in their order, which is the layout's.
  return Spans{.query = linear(w, w),
               .key_value = linear(2 * w, w),
               .attention_output = linear(w, w),
               .attention_norm = norm(),
               .feed_forward_in = linear(f, w),
               .feed_forward_out = linear(w, f),
               .output_norm = norm()};
}

template <typename T>
JointHeadSpans<T> head_spans(const JointShape& shape, std::span<T> numbers) {
  const std::size_t w = shape.width;
  Taker<T> take{numbers.subspan(shape.upper_layers * layer_numbers(shape))};
  return {.late_query_centre = take(w),
          .late_passage_centre = take(w),
          .late_gate = take(w),
          .late_weight = take(1),
          .weight = take(w),
          .bias = take(1),
          .cosine_weight = take(1)};
}

void copy_linear(std::initializer_list<const LinearParameters*> parts, JointLayerSpans<float>::Linear to) {
  std::size_t row = 0;
  for (const LinearParameters* part : parts) {
    const std::size_t columns = part->weight.columns;
    read_rows(part->weight, 0, part->weight.rows, to.weight.subspan(row * columns, part->weight.rows * columns));
    std::ranges::copy(part->bias, to.bias.begin() + static_cast<std::ptrdiff_t>(row));
    row += part->weight.rows;
  }
}

void copy_norm(const NormParameters& from, JointLayerSpans<float>::Norm to) {
  std::ranges::copy(from.scale, to.scale.begin());
  std::ranges::copy(from.shift, to.shift.begin());
}

void copy_layer(const LayerParameters& from, const JointLayerSpans<float>& to) {
  copy_linear({&from.query}, to.query);
  copy_linear({&from.key, &from.value}, to.key_value);
  copy_linear({&from.attention_output}, to.attention_output);
  copy_norm(from.attention_norm, to.attention_norm);
  copy_linear({&from.feed_forward_in}, to.feed_forward_in);
  copy_linear({&from.feed_forward_out}, to.feed_forward_out);
  copy_norm(from.output_norm, to.output_norm);
}

}  // namespace

std::vector<JointSlice> joint_layout(const JointShape& shape) {
  std::vector<JointSlice> slices;
  std::size_t next = 0;
  const auto add = [&](const std::string& name, std::size_t rows, std::size_t columns) {
    slices.push_back({name, rows, columns, next});
    next += slices.back().count();
  };
  const auto linear = [&](const std::string& name, std::size_t rows, std::size_t columns) {
    add(name + ".weight", rows, columns);
    add(name + ".bias", rows, 0);
  };
  const std::size_t w = shape.width;
  const std::size_t f = shape.feed_forward;
  const auto norm = [&](const std::string& name) {
    add(name + ".scale", w, 0);
    add(name + ".shift", w, 0);
  };
  for (std::size_t layer = 0; layer < shape.upper_layers; ++layer) {
    const std::string prefix = "layers." + std::to_string(layer) + ".";
    linear(prefix + "query", w, w);
    linear(prefix + "key_value", 2 * w, w);
    linear(prefix + "attention_output", w, w);
    norm(prefix + "attention_norm");
    linear(prefix + "feed_forward_in", f, w);
    linear(prefix + "feed_forward_out", w, f);
    norm(prefix + "output_norm");
  }
  assert(next == shape.upper_layers * layer_numbers(shape));
  add("late.query_centre", w, 0);
  add("late.passage_centre", w, 0);
  add("late.gate.weight", w, 0);
  add("late.weight", 1, 0);
  add("head.weight", w, 0);
  add("head.bias", 1, 0);
  add("cosine.weight", 1, 0);
  return slices;
}

JointLayerSpans<const float> joint_layer(const JointShape& shape, std::size_t layer, std::span<const float> numbers) {
  return layer_spans<const float>(shape, layer, numbers);
}

JointLayerSpans<float> joint_layer(const JointShape& shape, std::size_t layer, std::span<float> numbers) {
  return layer_spans<float>(shape, layer, numbers);
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
  const std::vector<JointSlice> layout = joint_layout(model.shape);
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
