// What sequence models learn from, as numbers: words looked up on the way in, and their embeddings' gradients on the
// way back.
#include <algorithm>

#include "train/sequence_pass.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kEmbeddingMask = 192;  // where dropout's mask stands, behind those of the layers

// rows [ids.size(), W] += scale · table rows.
void add_rows(std::span<const float> table, std::span<const std::uint32_t> ids, float scale, std::span<float> rows) {
  const std::size_t width = rows.size() / ids.size();
  for (std::size_t row = 0; row < ids.size(); ++row) {
    const float* const from = table.data() + ids[row] * width;
    for (std::size_t i = 0; i < width; ++i) rows[row * width + i] += scale * from[i];
  }
}

}  // namespace

void SequencePass::read(const Job& job, const Spans& spans) {
  const SequenceShape& shape = job.shape;
  const std::size_t width = shape.layer.width;
  source_offsets_.assign(1, 0);
  target_offsets_.assign(1, 0);
  for (auto* ids : {&source_ids_, &input_ids_, &output_ids_, &turn_ids_}) ids->clear();
  for (auto* rows : {&source_rows_, &written_rows_, &across_rows_}) rows->clear();
  frozen_ns_.clear();
  const auto known = [&](std::uint32_t word) { return word < shape.target_words ? word : kUnknownWord; };
  for (const SequenceExample& example : job.examples) {
    const SequenceSource& source = *example.source;
    const std::size_t first = source_ids_.size();
    const std::size_t begun = input_ids_.size();
    source_ids_.insert(source_ids_.end(), source.words.begin(), source.words.end());
    frozen_ns_.insert(frozen_ns_.end(), example.states.begin(), example.states.end());
    if (shape.turns > 1) {
      for (const std::uint8_t turn : source.turns) {
        turn_ids_.push_back(static_cast<std::uint32_t>(std::min<std::size_t>(turn, shape.turns - 1)));
      }
    }
    input_ids_.push_back(kBeginWord);
    for (const std::uint32_t word : example.targets) input_ids_.push_back(known(word));
    // What neither side can write is written as unknown.
    const std::size_t limit = shape.target_words + (shape.copies ? source.extra_words : 0);
    for (const std::uint32_t word : example.targets) output_ids_.push_back(word < limit ? word : kUnknownWord);
    output_ids_.push_back(kEndWord);
    source_offsets_.push_back(source_ids_.size());
    target_offsets_.push_back(input_ids_.size());
    const std::size_t rows = source.words.size();
    const std::size_t words = input_ids_.size() - begun;
    source_rows_.push_back({first, rows, first, rows});
    across_rows_.push_back({begun, words, first, rows});
    for (std::size_t i = 0; i < words; ++i) written_rows_.push_back({begun + i, 1, begun, i + 1});
  }
  const float scale = embedding_scale(width);
  x_nw_.assign(source_ids_.size() * width, 0.0F);
  y_mw_.assign(input_ids_.size() * width, 0.0F);
  if (shape.state_width > 0) nn::linear(job.packed.states.forward, frozen_ns_, scratch_, x_nw_);
  add_rows(spans.source_words, source_ids_, scale, x_nw_);
  if (shape.turns > 1) add_rows(spans.turns, turn_ids_, 1, x_nw_);
  add_rows(spans.target_words, input_ids_, scale, y_mw_);
  if (shape.attends()) {
    for (std::size_t i = 0; i < job.examples.size(); ++i) {
      const auto rows_of = [&](std::vector<float>& rows, const std::vector<std::size_t>& offsets) {
        return std::span(rows).subspan(offsets[i] * width, (offsets[i + 1] - offsets[i]) * width);
      };
      add_positions(rows_of(x_nw_, source_offsets_), width);
      add_positions(rows_of(y_mw_, target_offsets_), width);
    }
  }
  drop(job.dropout, kEmbeddingMask, 0, x_nw_);
  drop(job.dropout, kEmbeddingMask, 1, y_mw_);
}

void SequencePass::read_backward(const Job& job, const Gradients& gradients) {
  const SequenceShape& shape = job.shape;
  drop(job.dropout, kEmbeddingMask, 0, d_x_nw_);
  drop(job.dropout, kEmbeddingMask, 1, d_y_mw_);
  if (shape.turns > 1) nn::embedding_backward(turn_ids_, d_x_nw_, gradients.turns);
  if (shape.state_width > 0) {
    nn::linear_backward(
        {job.packed.states.backward, frozen_ns_, d_x_nw_, {}, {gradients.states.weight, gradients.states.bias}},
        backward_scratch_);
  }
  const float scale = embedding_scale(shape.layer.width);
  for (float& number : d_x_nw_) number *= scale;
  for (float& number : d_y_mw_) number *= scale;
  nn::embedding_backward(source_ids_, d_x_nw_, gradients.source_words);
  nn::embedding_backward(input_ids_, d_y_mw_, gradients.target_words);
}

}  // namespace attune::train
