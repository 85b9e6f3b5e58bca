// Joint layers at work: forward only, in either precision. train/joint_layers.cpp is the same walk with its way back.
#include <algorithm>
#include <cmath>

#include "attune/core/dot_product.hpp"
#include "attune/core/work_sharing.hpp"
#include "attune/model/joint.hpp"
#include "attune/nn/late_interaction.hpp"

#include "model/norm_range.hpp"
#include "model/own_layer.hpp"

namespace attune {
namespace {

constexpr float kLargest = 127;

std::vector<float> copy_of(std::span<const float> numbers) {
  return {numbers.begin(), numbers.end()};
}

// One thread's rows of some pairs. K input rows, R rows that go through a layer, as train/joint_layers.hpp has them.
struct Memory {
  OwnLayerMemory layer;
  std::vector<LayerRows> rows;  // of the pairs, in the layer at hand
  std::vector<float> input_kw;
  std::vector<float> x_rw;
  std::vector<float> late_kw;      // input rows, centred
  std::vector<float> late_scores;  // of the pairs
  std::vector<float> gate_logits;
  nn::LateMatches matches;
};

struct Place {
  std::size_t input = 0;      // first row among the K
  std::size_t query_row = 0;  // first row among the queries'
  std::size_t query = 0;
  std::size_t passage = 0;
};

class FileJointLayers final : public JointLayers {
 public:
  FileJointLayers(const JointModel& model, nn::Precision precision, int threads);

  Status score(std::span<const Pair> pairs, const BatchOptions& options, std::span<float> out) const override;
  const JointShape& shape() const override { return shape_; }
  std::size_t weight_bytes() const override;
  double products(std::size_t query_tokens, std::size_t passage_tokens) const override;

 private:
  [[nodiscard]] bool queries_only(std::size_t layer) const {
    return shape_.one_sided || layer + 1 == shape_.upper_layers;
  }
  void run(std::span<const Pair* const> pairs, Memory& memory, std::span<float> out) const;
  // What the lower layers' rows say, before the joint layers change them.
  void interact_late(std::span<const Place> places, Memory& memory) const;
  [[nodiscard]] float answer(float cosine, float late, std::span<const float> rows_nw) const;

  JointShape shape_;
  std::vector<OwnLayer> layers_;
  std::vector<float> late_query_centre_, late_passage_centre_;
  std::vector<float> late_gate_;
  std::vector<float> head_;
  float late_weight_ = 0;
  float bias_ = 0;
  float cosine_weight_ = 0;
};

FileJointLayers::FileJointLayers(const JointModel& model, nn::Precision precision, int threads) : shape_(model.shape) {
  const std::span<const float> numbers = model.weights;
  layers_.resize(shape_.upper_layers);
  share_out<int>(layers_.size(), thread_count(threads), {}, [&](std::size_t index, int&) {
    const auto from = joint_layer(shape_, index, numbers);
    // What a layer reads comes from the LayerNorm of the one before; only the first one's is not known here, and a
    // one-sided model's keys are made of the passage as it came.
    std::vector<float> range;
    if (index > 0) {
      const auto before = joint_layer(shape_, index - 1, numbers).output_norm;
      range = range_behind(before.scale, before.shift);
    }
    layers_[index] =
        OwnLayer::pack(shape_.layer(), from, precision, range, shape_.one_sided ? std::span<const float>{} : range);
  });
  const auto head = joint_head(shape_, numbers);
  late_query_centre_ = copy_of(head.late_query_centre);
  late_passage_centre_ = copy_of(head.late_passage_centre);
  late_gate_ = copy_of(head.late_gate);
  late_weight_ = head.late_weight[0];
  head_ = copy_of(head.weight);
  bias_ = head.bias[0];
  cosine_weight_ = head.cosine_weight[0];
}

std::size_t FileJointLayers::weight_bytes() const {
  std::size_t bytes = 0;
  for (const OwnLayer& layer : layers_) bytes += layer.weight_bytes();
  return bytes;
}

double FileJointLayers::products(std::size_t query_tokens, std::size_t passage_tokens) const {
  const auto width = static_cast<double>(shape_.width);
  const auto inner = static_cast<double>(shape_.feed_forward);
  const auto all = static_cast<double>(query_tokens + passage_tokens);
  const auto queries = static_cast<double>(query_tokens);
  double sum = queries * width * static_cast<double>(passage_tokens);
  for (std::size_t layer = 0; layer < shape_.upper_layers; ++layer) {
    const double rows = queries_only(layer) ? queries : all;
    sum += all * 2 * width * width + rows * (2 * width * width + 2 * width * inner + 2 * width * all);
  }
  return sum;
}

void FileJointLayers::interact_late(std::span<const Place> places, Memory& memory) const {
  const std::size_t width = shape_.width;
  memory.late_scores.clear();
  memory.late_kw.resize(memory.input_kw.size());
  for (const Place& place : places) {
    const std::size_t first = place.input * width;
    const std::size_t middle = first + place.query * width;
    const std::span<const float> input = memory.input_kw;
    const std::span<float> query = std::span(memory.late_kw).subspan(first, place.query * width);
    const std::span<float> passage = std::span(memory.late_kw).subspan(middle, place.passage * width);
    nn::centre_rows(input.subspan(first, query.size()), late_query_centre_, query);
    nn::centre_rows(input.subspan(middle, passage.size()), late_passage_centre_, passage);
    memory.gate_logits.clear();
    for (std::size_t row = 0; row < place.query; ++row) {
      memory.gate_logits.push_back(dot_product(std::span<const float>(query).subspan(row * width, width), late_gate_));
    }
    memory.late_scores.push_back(nn::late_interaction(
        {.query = query, .passage = passage, .gate_logits = memory.gate_logits, .width = width}, memory.matches));
  }
}

float FileJointLayers::answer(float cosine, float late, std::span<const float> rows_nw) const {
  std::vector<float> pooled(shape_.width);
  nn::mean_pool(rows_nw, false, pooled);
  double score = static_cast<double>(bias_) + static_cast<double>(cosine_weight_ * cosine) +
                 static_cast<double>(late_weight_ * late);
  for (std::size_t i = 0; i < pooled.size(); ++i) score += static_cast<double>(head_[i] * pooled[i]);
  return static_cast<float>(score);
}

void FileJointLayers::run(std::span<const Pair* const> pairs, Memory& memory, std::span<float> out) const {
  const std::size_t width = shape_.width;
  std::vector<Place> places;
  std::size_t inputs = 0;
  std::size_t queries = 0;
  for (const Pair* pair : pairs) {
    places.push_back({inputs, queries, pair->query.size() / width, pair->passage_scales.size()});
    inputs += places.back().query + places.back().passage;
    queries += places.back().query;
  }
  memory.input_kw.resize(inputs * width);
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const std::span<float> rows = std::span(memory.input_kw).subspan(places[index].input * width);
    std::ranges::copy(pairs[index]->query, rows.begin());
    unround_states(pairs[index]->passage, pairs[index]->passage_scales,
                   rows.subspan(places[index].query * width, places[index].passage * width));
  }
  interact_late(places, memory);
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const bool only = queries_only(index);
    memory.rows.clear();
    for (const Place& place : places) {
      const std::size_t keys = place.query + place.passage;
      memory.rows.push_back(only ? LayerRows{place.query_row, place.query, place.input, keys}
                                 : LayerRows{place.input, keys, place.input, keys});
    }
    if (only) {
      memory.x_rw.resize(queries * width);
      for (const Place& place : places) {
        std::copy_n(memory.input_kw.begin() + static_cast<std::ptrdiff_t>(place.input * width), place.query * width,
                    memory.x_rw.begin() + static_cast<std::ptrdiff_t>(place.query_row * width));
      }
      layers_[index].run(memory.rows, memory.input_kw, memory.x_rw, memory.layer);
    } else {
      memory.x_rw.swap(memory.input_kw);
      layers_[index].run(memory.rows, memory.x_rw, memory.x_rw, memory.layer);
    }
    if (index + 1 == layers_.size()) break;
    if (!only) {
      memory.input_kw.swap(memory.x_rw);
      continue;
    }
    for (const Place& place : places) {
      std::copy_n(memory.x_rw.begin() + static_cast<std::ptrdiff_t>(place.query_row * width), place.query * width,
                  memory.input_kw.begin() + static_cast<std::ptrdiff_t>(place.input * width));
    }
  }
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const std::span<const float> rows = memory.x_rw;
    out[index] = answer(pairs[index]->cosine, memory.late_scores[index],
                        rows.subspan(places[index].query_row * width, places[index].query * width));
  }
}

Status FileJointLayers::score(std::span<const Pair> pairs, const BatchOptions& options, std::span<float> out) const {
  const std::size_t width = shape_.width;
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    const Pair& pair = pairs[index];
    const bool whole = !pair.query.empty() && pair.query.size() % width == 0 && !pair.passage_scales.empty() &&
                       pair.passage.size() == pair.passage_scales.size() * width;
    if (!whole) {
      return Error{ErrorKind::bad_input, "pair " + std::to_string(index + 1) + " lacks a side, or has half a token"};
    }
  }
  // Consecutive pairs, as many as the budget of tokens has room for.
  std::vector<std::size_t> starts{0};
  std::size_t tokens = 0;
  for (std::size_t index = 0; index < pairs.size(); ++index) {
    tokens += pairs[index].query.size() / width + pairs[index].passage_scales.size();
    if (tokens < std::max<std::size_t>(options.tokens_at_a_time, 1) && index + 1 < pairs.size()) continue;
    starts.push_back(index + 1);
    tokens = 0;
  }
  share_out<Memory>(starts.size() - 1, thread_count(options.threads), options.stop,
                    [&](std::size_t group, Memory& memory) {
                      std::vector<const Pair*> chosen;
                      for (std::size_t i = starts[group]; i < starts[group + 1]; ++i) chosen.push_back(&pairs[i]);
                      run(chosen, memory, out.subspan(starts[group], chosen.size()));
                    });
  if (options.stop.stop_requested()) return Error{ErrorKind::cancelled, "scoring was stopped"};
  return {};
}

}  // namespace

void round_states(std::size_t width, std::span<const float> x, RoundedStates& to) {
  for (std::size_t start = 0; start < x.size(); start += width) {
    const std::span<const float> row = x.subspan(start, width);
    float largest = 0;
    for (const float value : row) largest = std::max(largest, std::abs(value));
    const float inverse = largest > 0 ? kLargest / largest : 0.0F;
    to.scales.push_back(largest / kLargest);
    for (const float value : row) to.values.push_back(static_cast<std::int8_t>(std::lrint(value * inverse)));
  }
}

void unround_states(std::span<const std::int8_t> values, std::span<const float> scales, std::span<float> out) {
  const std::size_t width = scales.empty() ? 0 : values.size() / scales.size();
  for (std::size_t row = 0; row < scales.size(); ++row) {
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) out[i] = static_cast<float>(values[i]) * scales[row];
  }
}

std::unique_ptr<JointLayers> JointLayers::pack(const JointModel& model, nn::Precision precision, int threads) {
  return std::make_unique<FileJointLayers>(model, precision, threads);
}

}  // namespace attune
