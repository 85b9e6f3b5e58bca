#include "train/joint_layers.hpp"

#include <algorithm>
#include <cassert>

#include "attune/core/dot_product.hpp"
#include "attune/core/work_sharing.hpp"

namespace attune::train {
namespace {

nn::LinearWeights view(const JointLayerSpans<const float>::Linear& linear) {
  return {linear.weight, linear.bias};
}

nn::LinearGradients view(const JointLayerSpans<float>::Linear& linear) {
  return {linear.weight, linear.bias};
}

}  // namespace

void TrainableJoint::pack(const JointShape& shape, std::span<const float> weights, std::size_t threads) {
  layers.resize(shape.upper_layers);
  share_out<int>(layers.size(), threads, {}, [&](std::size_t index, int&) {
    const auto from = joint_layer(shape, index, weights);
    TrainableLayer& layer = layers[index];
    layer.query.pack(view(from.query));
    layer.key_value.pack(view(from.key_value));
    layer.attention_output.pack(view(from.attention_output));
    layer.feed_forward_in.pack(view(from.feed_forward_in));
    layer.feed_forward_out.pack(view(from.feed_forward_out));
  });
}

bool JointPass::queries_only(std::size_t layer) const {
  return shape_.one_sided || layer + 1 == shape_.upper_layers;
}

std::size_t JointPass::stream_rows(std::size_t layer) const {
  return queries_only(layer) ? queries_ : inputs_;
}

std::size_t JointPass::rows_of(const Place& place, std::size_t layer) const {
  return queries_only(layer) ? place.query : place.query + place.passage;
}

std::size_t JointPass::row_of(const Place& place, std::size_t layer) const {
  return queries_only(layer) ? place.query_row : place.input;
}

std::span<const float> JointPass::stream_of(std::size_t layer) const {
  return queries_only(layer) ? traces_[layer].stream_rw : traces_[layer].input_kw;
}

void JointPass::place_pairs(std::span<const PairStates> pairs) {
  places_.clear();
  cosines_.clear();
  inputs_ = queries_ = 0;
  for (const PairStates& pair : pairs) {
    const std::size_t query = pair.query.size() / shape_.width;
    const std::size_t passage = pair.passage.size() / shape_.width;
    assert(query > 0 && passage > 0);
    places_.push_back({inputs_, queries_, query, passage});
    cosines_.push_back(pair.cosine);
    inputs_ += query + passage;
    queries_ += query;
  }
}

// The first layer reads what the lower layers left; a later one its predecessor's output (in out_rw_), and in a
// one-sided model the passage as it was.
void JointPass::read_input(std::size_t layer, std::span<const PairStates> pairs) {
  const std::size_t width = shape_.width;
  Trace& trace = traces_[layer];
  if (layer > 0 && !shape_.one_sided) {
    trace.input_kw.swap(out_rw_);
  } else {
    trace.input_kw.resize(inputs_ * width);
    for (std::size_t index = 0; index < pairs.size(); ++index) {
      const Place& place = places_[index];
      const std::span<const float> query =
          layer == 0 ? pairs[index].query
                     : std::span<const float>(out_rw_).subspan(place.query_row * width, place.query * width);
      float* to = trace.input_kw.data() + place.input * width;
      std::ranges::copy(query, to);
      std::ranges::copy(pairs[index].passage, to + place.query * width);
    }
  }
  if (!queries_only(layer)) return;
  trace.stream_rw.resize(queries_ * width);
  for (const Place& place : places_) {
    std::copy_n(trace.input_kw.data() + place.input * width, place.query * width,
                trace.stream_rw.data() + place.query_row * width);
  }
}

void JointPass::drop(std::size_t layer, std::size_t place, std::span<float> x) const {
  if (dropout_.probability <= 0) return;
  // Each of the two places in each layer has a stretch of the mask longer than any batch.
  constexpr std::uint64_t kStretch = std::uint64_t{1} << 40U;
  nn::dropout({dropout_.probability, dropout_.seed, (2 * layer + place) * kStretch}, x);
}

void JointPass::attend(std::size_t layer) {
  const std::size_t width = shape_.width;
  Trace& trace = traces_[layer];
  std::size_t numbers = 0;
  for (const Place& place : places_) numbers += shape_.heads * rows_of(place, layer) * (place.query + place.passage);
  trace.weights.resize(numbers);
  std::span<float> weights = trace.weights;
  for (const Place& place : places_) {
    const std::size_t rows = rows_of(place, layer);
    const std::size_t keys = place.query + place.passage;
    const std::size_t first = row_of(place, layer) * width;
    nn::self_attention({.q = std::span<const float>(trace.q_rw).subspan(first, rows * width),
                        .kv = std::span<const float>(trace.kv_k2w).subspan(place.input * 2 * width, keys * 2 * width),
                        .heads = shape_.heads,
                        .width = width,
                        .out = std::span(trace.context_rw).subspan(first, rows * width),
                        .weights = weights.first(shape_.heads * rows * keys)},
                       scratch_);
    weights = weights.subspan(shape_.heads * rows * keys);
  }
}

void JointPass::run_layer(std::size_t layer, std::vector<float>& out_rw) {
  const std::size_t width = shape_.width;
  const std::size_t rows = stream_rows(layer);
  const TrainableLayer& packed = packed_->layers[layer];
  const auto spans = joint_layer(shape_, layer, weights_);
  Trace& trace = traces_[layer];
  const std::span<const float> stream = stream_of(layer);
  trace.q_rw.resize(rows * width);
  trace.kv_k2w.resize(inputs_ * 2 * width);
  trace.context_rw.resize(rows * width);
  trace.inner_rf.resize(rows * shape_.feed_forward);
  trace.active_rf.resize(rows * shape_.feed_forward);
  nn::linear(packed.query.forward, stream, scratch_, trace.q_rw);
  nn::linear(packed.key_value.forward, trace.input_kw, scratch_, trace.kv_k2w);
  attend(layer);
  std::vector<float>& projected = out_rw;
  projected.resize(rows * width);
  nn::linear(packed.attention_output.forward, trace.context_rw, scratch_, projected);
  drop(layer, 0, projected);
  trace.attended_rw.assign(stream.begin(), stream.end());
  nn::add_layer_norm({spans.attention_norm.scale, spans.attention_norm.shift, shape_.epsilon}, projected,
                     trace.attended_rw, trace.attention_norm);
  nn::linear(packed.feed_forward_in.forward, trace.attended_rw, scratch_, trace.inner_rf);
  nn::gelu(shape_.gelu, trace.inner_rf, trace.active_rf);
  nn::linear(packed.feed_forward_out.forward, trace.active_rf, scratch_, projected);
  drop(layer, 1, projected);
  nn::add_layer_norm({spans.output_norm.scale, spans.output_norm.shift, shape_.epsilon}, trace.attended_rw, projected,
                     trace.output_norm);
}

nn::LateInteraction JointPass::late_pair(const Place& place) const {
  const std::size_t width = shape_.width;
  const std::span<const float> rows =
      std::span(late_kw_).subspan(place.input * width, (place.query + place.passage) * width);
  return {.query = rows.first(place.query * width),
          .passage = rows.subspan(place.query * width),
          .gate_logits = std::span(gate_logits_).subspan(place.query_row, place.query),
          .width = width};
}

void JointPass::interact_late() {
  const std::size_t width = shape_.width;
  const auto head = joint_head(shape_, weights_);
  const std::span<const float> input = traces_.front().input_kw;
  late_kw_.resize(input.size());
  gate_logits_.resize(queries_);
  matches_.resize(places_.size());
  late_scores_.resize(places_.size());
  for (std::size_t index = 0; index < places_.size(); ++index) {
    const Place& place = places_[index];
    const std::size_t first = place.input * width;
    const std::size_t middle = first + place.query * width;
    nn::centre_rows(input.subspan(first, place.query * width), head.late_query_centre,
                    std::span(late_kw_).subspan(first, place.query * width));
    nn::centre_rows(input.subspan(middle, place.passage * width), head.late_passage_centre,
                    std::span(late_kw_).subspan(middle, place.passage * width));
    const nn::LateInteraction pair = late_pair(place);
    for (std::size_t row = 0; row < place.query; ++row) {
      gate_logits_[place.query_row + row] = dot_product(pair.query.subspan(row * width, width), head.late_gate);
    }
    late_scores_[index] = nn::late_interaction(pair, matches_[index]);
  }
}

// What the lower layers say is taken as given, and so are the centres: only the gate and the weight learn.
void JointPass::late_backward(std::span<const float> d_scores, const JointHeadSpans<float>& to) {
  const std::size_t width = shape_.width;
  const float weight = joint_head(shape_, weights_).late_weight[0];
  std::vector<float> d_logits;
  for (std::size_t index = 0; index < places_.size(); ++index) {
    to.late_weight[0] += d_scores[index] * late_scores_[index];
    const nn::LateInteraction pair = late_pair(places_[index]);
    d_logits.assign(places_[index].query, 0.0F);
    nn::late_interaction_backward(pair, matches_[index], d_scores[index] * weight, {}, d_logits);
    for (std::size_t row = 0; row < d_logits.size(); ++row) {
      for (std::size_t i = 0; i < width; ++i) to.late_gate[i] += d_logits[row] * pair.query[row * width + i];
    }
  }
}

void JointPass::forward(const JointShape& shape, const TrainableJoint& packed, std::span<const float> weights,
                        std::span<const PairStates> pairs, const LayerDropout& dropout, std::span<float> scores) {
  assert(packed.layers.size() == shape.upper_layers && scores.size() == pairs.size());
  shape_ = shape;
  packed_ = &packed;
  weights_ = weights;
  dropout_ = dropout;
  traces_.resize(shape.upper_layers);
  place_pairs(pairs);
  for (std::size_t layer = 0; layer < shape.upper_layers; ++layer) {
    read_input(layer, pairs);
    if (layer == 0) interact_late();
    run_layer(layer, out_rw_);
  }
  const std::size_t width = shape.width;
  const auto head = joint_head(shape, weights);
  pooled_pw_.resize(pairs.size() * width);
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const Place& place = places_[index];
    const std::span<float> pooled = std::span(pooled_pw_).subspan(index * width, width);
    nn::mean_pool(std::span<const float>(out_rw_).subspan(place.query_row * width, place.query * width), false, pooled);
    double score = static_cast<double>(head.bias[0]) + static_cast<double>(head.cosine_weight[0] * cosines_[index]) +
                   static_cast<double>(head.late_weight[0] * late_scores_[index]);
    for (std::size_t i = 0; i < width; ++i) score += static_cast<double>(head.weight[i] * pooled[i]);
    scores[index] = static_cast<float>(score);
  }
}

void JointPass::attention_backward(std::size_t layer, const std::vector<float>& d_context_rw,
                                   std::vector<float>& d_q_rw, std::vector<float>& d_kv_k2w) {
  const std::size_t width = shape_.width;
  const Trace& trace = traces_[layer];
  d_q_rw.assign(trace.q_rw.size(), 0.0F);
  d_kv_k2w.assign(trace.kv_k2w.size(), 0.0F);
  std::span<const float> weights = trace.weights;
  for (const Place& place : places_) {
    const std::size_t rows = rows_of(place, layer);
    const std::size_t keys = place.query + place.passage;
    const std::size_t first = row_of(place, layer) * width;
    nn::self_attention_backward(
        {.q = std::span<const float>(trace.q_rw).subspan(first, rows * width),
         .kv = std::span<const float>(trace.kv_k2w).subspan(place.input * 2 * width, keys * 2 * width),
         .weights = weights.first(shape_.heads * rows * keys),
         .d_out = std::span<const float>(d_context_rw).subspan(first, rows * width),
         .heads = shape_.heads,
         .width = width,
         .d_q = std::span(d_q_rw).subspan(first, rows * width),
         .d_kv = std::span(d_kv_k2w).subspan(place.input * 2 * width, keys * 2 * width)},
        backward_scratch_);
    weights = weights.subspan(shape_.heads * rows * keys);
  }
}

// `d_rw`: in, d of the layer's output rows; out, d of the rows of its input that were computed by the layer before:
// all K, or the queries' in a one-sided model. Of the first layer's input nobody asks.
void JointPass::layer_backward(std::size_t layer, std::vector<float>& d_rw, std::span<float> gradients) {
  const std::size_t width = shape_.width;
  const TrainableLayer& packed = packed_->layers[layer];
  const auto weights = joint_layer(shape_, layer, weights_);
  const auto to = joint_layer(shape_, layer, gradients);
  const Trace& trace = traces_[layer];
  const std::span<const float> stream = stream_of(layer);
  std::vector<float> d_branch;
  std::vector<float> d_inner(trace.inner_rf.size(), 0.0F);

  nn::add_layer_norm_backward({weights.output_norm.scale, weights.output_norm.shift, shape_.epsilon}, trace.output_norm,
                              d_rw, {to.output_norm.scale, to.output_norm.shift});
  d_branch = d_rw;
  drop(layer, 1, d_branch);
  nn::linear_backward({packed.feed_forward_out.backward, trace.active_rf, d_branch, d_inner, view(to.feed_forward_out)},
                      backward_scratch_);
  nn::gelu_backward(shape_.gelu, trace.inner_rf, d_inner);
  nn::linear_backward({packed.feed_forward_in.backward, trace.attended_rw, d_inner, d_rw, view(to.feed_forward_in)},
                      backward_scratch_);
  nn::add_layer_norm_backward({weights.attention_norm.scale, weights.attention_norm.shift, shape_.epsilon},
                              trace.attention_norm, d_rw, {to.attention_norm.scale, to.attention_norm.shift});
  d_branch = d_rw;
  drop(layer, 0, d_branch);
  std::vector<float> d_context(d_rw.size(), 0.0F);
  nn::linear_backward(
      {packed.attention_output.backward, trace.context_rw, d_branch, d_context, view(to.attention_output)},
      backward_scratch_);
  std::vector<float> d_q;
  std::vector<float> d_kv;
  attention_backward(layer, d_context, d_q, d_kv);
  const bool is_first = layer == 0;
  nn::linear_backward(
      {packed.query.backward, stream, d_q, is_first ? std::span<float>{} : std::span<float>(d_rw), view(to.query)},
      backward_scratch_);
  std::vector<float> d_input;
  if (!is_first && !shape_.one_sided) d_input.assign(inputs_ * width, 0.0F);
  nn::linear_backward({packed.key_value.backward, trace.input_kw, d_kv, d_input, view(to.key_value)},
                      backward_scratch_);
  if (is_first) return;
  if (shape_.one_sided) {
    // Only the queries' rows came from the layer before.
    d_branch.resize(queries_ * 2 * width);
    for (const Place& place : places_) {
      std::copy_n(d_kv.data() + place.input * 2 * width, place.query * 2 * width,
                  d_branch.data() + place.query_row * 2 * width);
    }
    nn::linear_backward({packed.key_value.backward, {}, d_branch, d_rw, {}}, backward_scratch_);
    return;
  }
  for (const Place& place : places_) {
    const std::size_t rows = rows_of(place, layer);
    const float* from = d_rw.data() + row_of(place, layer) * width;
    float* sum = d_input.data() + place.input * width;
    for (std::size_t i = 0; i < rows * width; ++i) sum[i] += from[i];
  }
  d_rw.swap(d_input);
}

void JointPass::backward(std::span<const float> d_scores, std::span<float> gradients) {
  const std::size_t width = shape_.width;
  const auto head = joint_head(shape_, weights_);
  const auto to = joint_head(shape_, gradients);
  std::vector<float> d_rw(queries_ * width, 0.0F);
  std::vector<float> d_pooled(width);
  for (std::size_t index = 0; index < places_.size(); ++index) {
    const float d = d_scores[index];
    for (std::size_t i = 0; i < width; ++i) {
      to.weight[i] += d * pooled_pw_[index * width + i];
      d_pooled[i] = d * head.weight[i];
    }
    to.bias[0] += d;
    to.cosine_weight[0] += d * cosines_[index];
    const Place& place = places_[index];
    nn::mean_pool_backward(d_pooled, false, std::span(d_rw).subspan(place.query_row * width, place.query * width));
  }
  late_backward(d_scores, to);
  for (std::size_t layer = shape_.upper_layers; layer-- > 0;) layer_backward(layer, d_rw, gradients);
}

}  // namespace attune::train
