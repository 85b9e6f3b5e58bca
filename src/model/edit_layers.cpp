// Edit layers at work: forward only. train/edit_pass.cpp is the same walk with its way back.
#include <algorithm>
#include <cmath>

#include "attune/core/dot_product.hpp"
#include "attune/core/work_sharing.hpp"
#include "attune/model/edit.hpp"

#include "model/norm_range.hpp"
#include "model/own_layer.hpp"

namespace attune {
namespace {

// In place: scores to log-probabilities.
void log_softmax(std::span<float> scores) {
  if (scores.empty()) return;
  const float highest = *std::ranges::max_element(scores);
  double sum = 0;
  for (const float score : scores) sum += std::exp(static_cast<double>(score - highest));
  const float shift = highest + static_cast<float>(std::log(sum));
  for (float& score : scores) score -= shift;
}

void log_softmax_rows(std::span<float> scores, std::size_t columns) {
  for (std::size_t first = 0; first < scores.size(); first += columns) log_softmax(scores.subspan(first, columns));
}

class FileEditLayers final : public EditLayers {
 public:
  FileEditLayers(const EditModel& model, nn::Precision precision, int threads);
  Result<EditScores> score(std::span<const EditRow> rows, std::span<const float> states) const override;
  const EditShape& shape() const override { return shape_; }
  std::size_t weight_bytes() const override;

 private:
  // Rows of one kind or of two, in order.
  [[nodiscard]] std::vector<float> gather(std::span<const EditRow> rows, std::span<const float> x, EditRow::Kind one,
                                          EditRow::Kind other) const;
  [[nodiscard]] std::vector<float> project(const nn::PackedLinear& linear, std::span<const float> x) const;

  EditShape shape_;
  std::vector<OwnLayer> layers_;
  std::vector<float> turns_, places_, remove_, insert_;
  float remove_bias_ = 0;
  float insert_bias_ = 0;
  nn::PackedLinear start_query_, start_key_, end_slot_, end_start_, end_key_, before_, after_;
};

FileEditLayers::FileEditLayers(const EditModel& model, nn::Precision precision, int threads) : shape_(model.shape) {
  const std::span<const float> numbers = model.weights;
  layers_.resize(shape_.upper_layers);
  share_out<int>(layers_.size(), thread_count(threads), {}, [&](std::size_t index, int&) {
    std::vector<float> range;
    if (index > 0) {
      const auto before = edit_layer(shape_, index - 1, numbers).output_norm;
      range = range_behind(before.scale, before.shift);
    }
    layers_[index] = OwnLayer::pack(shape_.layer, edit_layer(shape_, index, numbers), precision, range, range);
  });
  const auto heads = edit_heads(shape_, numbers);
  const auto copy = [](std::span<const float> from) { return std::vector<float>(from.begin(), from.end()); };
  turns_ = copy(heads.turns);
  places_ = copy(heads.places);
  remove_ = copy(heads.remove.weight);
  insert_ = copy(heads.insert.weight);
  remove_bias_ = heads.remove.bias[0];
  insert_bias_ = heads.insert.bias[0];
  const auto last = edit_layer(shape_, shape_.upper_layers - 1, numbers).output_norm;
  const std::vector<float> range = range_behind(last.scale, last.shift);
  const auto pack = [&](const LayerSpans<const float>::Linear& from) {
    return nn::PackedLinear::pack({from.weight, from.bias}, precision, range);
  };
  start_query_ = pack(heads.start_query);
  start_key_ = pack(heads.start_key);
  end_slot_ = pack(heads.end_slot);
  end_start_ = pack(heads.end_start);
  end_key_ = pack(heads.end_key);
  before_ = pack(heads.before);
  after_ = pack(heads.after);
}

std::size_t FileEditLayers::weight_bytes() const {
  std::size_t bytes = 0;
  for (const OwnLayer& layer : layers_) bytes += layer.weight_bytes();
  for (const nn::PackedLinear* head :
       {&start_query_, &start_key_, &end_slot_, &end_start_, &end_key_, &before_, &after_}) {
    bytes += head->bytes();
  }
  return bytes;
}

std::vector<float> FileEditLayers::gather(std::span<const EditRow> rows, std::span<const float> x, EditRow::Kind one,
                                          EditRow::Kind other) const {
  const std::size_t width = shape_.layer.width;
  std::vector<float> chosen;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows[row].kind != one && rows[row].kind != other) continue;
    const auto from = x.subspan(row * width, width);
    chosen.insert(chosen.end(), from.begin(), from.end());
  }
  return chosen;
}

std::vector<float> FileEditLayers::project(const nn::PackedLinear& linear, std::span<const float> x) const {
  nn::Scratch scratch;
  std::vector<float> y(x.size() / shape_.layer.width * linear.out());
  nn::linear(linear, x, scratch, y);
  return y;
}

Result<EditScores> FileEditLayers::score(std::span<const EditRow> rows, std::span<const float> states) const {
  const std::size_t width = shape_.layer.width;
  if (rows.empty() || rows.back().kind != EditRow::Kind::end || states.size() != rows.size() * width) {
    return Error{ErrorKind::bad_input, "a conversation's rows end with its end, and each has its states"};
  }
  std::vector<float> x(states.begin(), states.end());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows[row].turn >= shape_.turns || rows[row].place >= shape_.places) {
      return Error{ErrorKind::bad_input, "row " + std::to_string(row + 1) + " has no embedding"};
    }
    for (std::size_t i = 0; i < width; ++i) {
      x[row * width + i] += turns_[rows[row].turn * width + i] + places_[rows[row].place * width + i];
    }
  }
  OwnLayerMemory memory;
  const LayerRows all{0, rows.size(), 0, rows.size()};
  for (const OwnLayer& layer : layers_) layer.run(std::span(&all, 1), x, x, memory);

  const std::vector<float> slots = gather(rows, x, EditRow::Kind::question, EditRow::Kind::end);
  const std::vector<float> sources = gather(rows, x, EditRow::Kind::history, EditRow::Kind::history);
  EditScores scores;
  scores.width = width;
  scores.slots = slots.size() / width;
  scores.sources = sources.size() / width;
  scores.until = copy_limits(rows);
  for (std::size_t slot = 0; slot < scores.slots; ++slot) {
    const auto row = std::span(slots).subspan(slot * width, width);
    scores.insert.push_back(dot_product(row, insert_) + insert_bias_);
    if (slot + 1 < scores.slots) scores.remove.push_back(dot_product(row, remove_) + remove_bias_);
  }
  scores.before = project(before_, slots);
  scores.after = project(after_, slots);
  log_softmax_rows(scores.before, shape_.glue);
  log_softmax_rows(scores.after, shape_.glue);
  if (scores.sources == 0) return scores;
  const std::vector<float> asked = project(start_query_, slots);
  const std::vector<float> keys = project(start_key_, sources);
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  for (std::size_t slot = 0; slot < scores.slots; ++slot) {
    for (std::size_t source = 0; source < scores.sources; ++source) {
      scores.start.push_back(scale * dot_product(std::span(asked).subspan(slot * width, width),
                                                 std::span(keys).subspan(source * width, width)));
    }
  }
  log_softmax_rows(scores.start, scores.sources);
  scores.end_slot = project(end_slot_, slots);
  scores.end_start = project(end_start_, sources);
  scores.end_key = project(end_key_, sources);
  return scores;
}

}  // namespace

std::vector<float> EditScores::ends(std::size_t slot, std::size_t first) const {
  std::vector<float> asked(width);
  for (std::size_t i = 0; i < width; ++i) asked[i] = end_slot[slot * width + i] + end_start[first * width + i];
  std::vector<float> scores;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  for (std::size_t last = first; last < until[first]; ++last) {
    scores.push_back(scale * dot_product(asked, std::span(end_key).subspan(last * width, width)));
  }
  log_softmax(scores);
  return scores;
}

std::vector<std::size_t> copy_limits(std::span<const EditRow> rows) {
  std::vector<std::size_t> turns;  // of each source; a mark begins another
  std::size_t turn = 0;
  for (const EditRow& row : rows) {
    if (row.kind == EditRow::Kind::mark) ++turn;
    if (row.kind == EditRow::Kind::history) turns.push_back(turn);
  }
  std::vector<std::size_t> until(turns.size());
  for (std::size_t source = turns.size(); source-- > 0;) {
    const bool goes_on = source + 1 < turns.size() && turns[source + 1] == turns[source];
    until[source] = goes_on ? std::min(until[source + 1], source + kMostCopied) : source + 1;
  }
  return until;
}

std::unique_ptr<EditLayers> EditLayers::pack(const EditModel& model, nn::Precision precision, int threads) {
  return std::make_unique<FileEditLayers>(model, precision, threads);
}

}  // namespace attune
