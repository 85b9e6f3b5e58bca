#include "train/joint_layers.hpp"

#include <algorithm>
#include <cassert>

#include "attune/core/dot_product.hpp"
#include "attune/core/work_sharing.hpp"

namespace attune::train {

void TrainableJoint::pack(const JointShape& shape, std::span<const float> weights, std::size_t threads) {
  layers.resize(shape.upper_layers);
  share_out<int>(layers.size(), threads, {},
                 [&](std::size_t index, int&) { layers[index].pack(joint_layer(shape, index, weights)); });
}

bool JointPass::queries_only(std::size_t layer) const {
  return shape_.one_sided || layer + 1 == shape_.upper_layers;
}

LayerPass::Job JointPass::job(std::size_t layer, const LayerSpans<const float>& spans) {
  rows_.clear();
  for (const Place& place : places_) {
    const std::size_t keys = place.query + place.passage;
    rows_.push_back(queries_only(layer) ? PassRows{place.query_row, place.query, place.input, keys}
                                        : PassRows{place.input, keys, place.input, keys});
  }
  return {layer_, packed_->layers[layer], spans, rows_, dropout_, layer};
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
  LayerPass& trace = layers_[layer];
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
  trace.stream_rw.clear();
  if (!queries_only(layer)) return;
  trace.stream_rw.resize(queries_ * width);
  for (const Place& place : places_) {
    std::copy_n(trace.input_kw.data() + place.input * width, place.query * width,
                trace.stream_rw.data() + place.query_row * width);
  }
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
  const std::span<const float> input = layers_.front().input_kw;
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
  layer_ = shape.layer();
  layers_.resize(shape.upper_layers);
  place_pairs(pairs);
  for (std::size_t layer = 0; layer < shape.upper_layers; ++layer) {
    read_input(layer, pairs);
    if (layer == 0) interact_late();
    const auto spans = joint_layer(shape_, layer, weights_);
    layers_[layer].forward(job(layer, spans), out_rw_, scratch_);
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

// `d_rw`: in, d of the layer's output rows; out, d of the rows of its input that were computed by the layer before:
// all K, or the queries' in a one-sided model. Of the first layer's input nobody asks.
void JointPass::layer_backward(std::size_t layer, std::vector<float>& d_rw, std::span<float> gradients) {
  const std::size_t width = shape_.width;
  const auto spans = joint_layer(shape_, layer, weights_);
  const bool is_first = layer == 0;
  std::vector<float> d_input;
  if (!is_first && !shape_.one_sided) d_input.assign(inputs_ * width, 0.0F);
  layers_[layer].backward(job(layer, spans), d_rw, d_input, is_first, joint_layer(shape_, layer, gradients),
                          backward_scratch_);
  if (is_first) return;
  if (shape_.one_sided) {
    // Only the queries' rows came from the layer before.
    const std::vector<float>& d_kv = layers_[layer].d_kv_k2w();
    std::vector<float> d_branch(queries_ * 2 * width);
    for (const Place& place : places_) {
      std::copy_n(d_kv.data() + place.input * 2 * width, place.query * 2 * width,
                  d_branch.data() + place.query_row * 2 * width);
    }
    nn::linear_backward({packed_->layers[layer].key_value.backward, {}, d_branch, d_rw, {}}, backward_scratch_);
    return;
  }
  for (const Place& place : places_) {
    const bool only = queries_only(layer);
    const std::size_t rows = place.query + (only ? 0 : place.passage);
    const float* from = d_rw.data() + (only ? place.query_row : place.input) * width;
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
