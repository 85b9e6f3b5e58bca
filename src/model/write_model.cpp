#include "model/write_model.hpp"

#include <algorithm>
#include <cmath>

#include "model/tensor_table.hpp"

namespace attune {
namespace {

constexpr std::size_t kRowsAtOnce = 64;

// Calls take(first row, rows as FP32) over the whole matrix, a few rows at a time.
template <typename Take>
Status for_rows(const WeightMatrix& matrix, const std::string& name, Take take) {
  std::vector<float> values;
  for (std::size_t first = 0; first < matrix.rows; first += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, matrix.rows - first);
    values.resize(count * matrix.columns);
    read_rows(matrix, first, count, values);
    if (const Status status = check_finite(name, values); !status) return status;
    for (std::size_t row = 0; row < count; ++row) {
      take(std::span<const float>(values).subspan(row * matrix.columns, matrix.columns));
    }
  }
  return {};
}

void quantise_row(std::span<const float> row, int limit, QuantisedRows& to) {
  float peak = 0;
  for (const float weight : row) peak = std::max(peak, std::abs(weight));
  const float scale = peak / static_cast<float>(limit);
  to.scales.push_back(scale);
  for (const float weight : row) {
    // A peak so small that its scale is no FP32 number is zero for every purpose.
    const float steps = scale > 0 ? std::nearbyint(weight / scale) : 0;
    const auto value =
        static_cast<std::int8_t>(std::clamp(steps, static_cast<float>(-limit), static_cast<float>(limit)));
    to.values.push_back(value);
    const double error = static_cast<double>(static_cast<float>(value) * scale) - static_cast<double>(weight);
    to.squared_error += error * error;
    to.squared_weights += static_cast<double>(weight) * static_cast<double>(weight);
  }
}

class Writer {
 public:
  explicit Writer(WeightPrecision precision) : precision_(precision) {}

  // Begins a part whose errors are summed.
  void begin(const std::string& name) {
    parts_.push_back({name, 0});
    squared_error_ = squared_weights_ = 0;
  }
  void end() {
    if (squared_weights_ > 0) parts_.back().relative_rms = std::sqrt(squared_error_ / squared_weights_);
  }

  void matrix(const std::string& name, const WeightMatrix& matrix) {
    if (!status_) return;
    if (precision_ == WeightPrecision::f32) return plain(name, matrix);
    auto rows = quantise_rows(matrix, kMaxWeight, name);
    if (!rows) {
      status_ = rows.error();
      return;
    }
    squared_error_ += rows->squared_error;
    squared_weights_ += rows->squared_weights;
    file_.add(name, {matrix.rows, matrix.columns}, rows->values);
    file_.add(name + ".scales", {matrix.rows}, rows->scales);
  }
  void plain(const std::string& name, const WeightMatrix& matrix) {
    std::vector<float> values;
    values.reserve(matrix.rows * matrix.columns);
    const Status status = for_rows(
        matrix, name, [&](std::span<const float> row) { values.insert(values.end(), row.begin(), row.end()); });
    if (!status && status_) status_ = status;
    file_.add(name, {matrix.rows, matrix.columns}, values);
  }
  void linear(const std::string& name, const LinearParameters& linear) {
    matrix(name + ".weight", linear.weight);
    file_.add(name + ".bias", {linear.bias.size()}, linear.bias);
  }
  void norm(const std::string& name, const NormParameters& norm) {
    file_.add(name + ".scale", {norm.scale.size()}, norm.scale);
    file_.add(name + ".shift", {norm.shift.size()}, norm.shift);
  }
  void embeddings(const EncoderWeights& weights);
  void layer(const std::string& at, const LayerParameters& layer);
  void head(const HeadParameters& head);
  Status tokenizer(const TokenizerSource& source);
  Result<WrittenModel> finish() {
    if (!status_) return status_.error();
    if (precision_ == WeightPrecision::f32) parts_.clear();
    return WrittenModel{file_.bytes(), parts_};
  }
  SafetensorsBuilder& file() { return file_; }

 private:
  WeightPrecision precision_;
  SafetensorsBuilder file_;
  std::vector<ConversionError> parts_;
  double squared_error_ = 0;
  double squared_weights_ = 0;
  Status status_;
};

void Writer::embeddings(const EncoderWeights& weights) {
  const EncoderShape& shape = weights.shape;
  begin("embeddings");
  matrix("embeddings.word", weights.words);
  end();
  file_.add("embeddings.position", {shape.positions, shape.width}, weights.positions);
  if (shape.token_types > 0) {
    file_.add("embeddings.token_type", {shape.token_types, shape.width}, weights.token_types);
  }
  norm("embeddings.norm", weights.embedding_norm);
}

void Writer::layer(const std::string& at, const LayerParameters& layer) {
  begin(at);
  linear(at + ".query", layer.query);
  linear(at + ".key", layer.key);
  linear(at + ".value", layer.value);
  linear(at + ".attention_output", layer.attention_output);
  norm(at + ".attention_norm", layer.attention_norm);
  linear(at + ".feed_forward_in", layer.feed_forward_in);
  linear(at + ".feed_forward_out", layer.feed_forward_out);
  norm(at + ".output_norm", layer.output_norm);
  end();
}

// A head is small, runs once for each sequence, and every error of its own is one of the scores: it stays FP32.
void Writer::head(const HeadParameters& head) {
  if (head.dense) {
    plain("head.dense.weight", head.dense->weight);
    file_.add("head.dense.bias", {head.dense->bias.size()}, head.dense->bias);
  }
  plain("head.classifier.weight", head.classifier.weight);
  file_.add("head.classifier.bias", {head.classifier.bias.size()}, head.classifier.bias);
}

Status Writer::tokenizer(const TokenizerSource& source) {
  const auto add_text = [&](const char* name, std::string_view text) {
    file_.add(name, {text.size()}, std::vector<std::uint8_t>(text.begin(), text.end()));
  };
  if (!source.json.empty()) add_text("tokenizer.json", source.json);
  if (!source.vocabulary.empty()) add_text("tokenizer.vocabulary", source.vocabulary);
  if (source.own == nullptr) return {};
  const Safetensors& tensors = source.own->tensors;
  for (const auto& [name, entry] : tensors.tensors()) {
    if (!name.starts_with("tokenizer.")) continue;
    if (entry.type == TensorType::u8) {
      file_.add(name, entry.shape, *tensors.numbers<std::uint8_t>(name, entry.shape));
    } else if (entry.type == TensorType::i32) {
      file_.add(name, entry.shape, *tensors.numbers<std::int32_t>(name, entry.shape));
    } else if (entry.type == TensorType::u32) {
      file_.add(name, entry.shape, *tensors.numbers<std::uint32_t>(name, entry.shape));
    } else if (entry.type == TensorType::f32) {
      file_.add(name, entry.shape, *tensors.numbers<float>(name, entry.shape));
    } else {
      return tensor_error(name, "has type " + std::string(tensor_type_name(entry.type)) + ", which no tokenizer has");
    }
  }
  return {};
}

ModelConfig config_of(const ModelParts& parts) {
  ModelConfig config;
  if (parts.tokenizer.own != nullptr) config = parts.tokenizer.own->config;  // the ids of special pieces
  config.version = 2;
  config.description = parts.description;
  config.shape = parts.weights.shape;
  config.lower_case = parts.tokenizer.lower_case;
  config.has_head = parts.weights.head.has_value();
  if (config.has_head) config.head_activation = parts.weights.head->activation;
  return config;
}

}  // namespace

Result<QuantisedRows> quantise_rows(const WeightMatrix& matrix, int limit, const std::string& name) {
  QuantisedRows rows;
  rows.values.reserve(matrix.rows * matrix.columns);
  rows.scales.reserve(matrix.rows);
  const Status status = for_rows(matrix, name, [&](std::span<const float> row) { quantise_row(row, limit, rows); });
  if (!status) return status.error();
  return rows;
}

Result<WrittenModel> write_own_model(const ModelParts& parts, WeightPrecision precision) {
  Writer writer(precision);
  write_config(config_of(parts), writer.file());
  if (const Status status = writer.tokenizer(parts.tokenizer); !status) return status.error();
  writer.embeddings(parts.weights);
  for (std::size_t index = 0; index < parts.weights.layers.size(); ++index) {
    writer.layer("layers." + std::to_string(index), parts.weights.layers[index]);
  }
  if (parts.weights.head) writer.head(*parts.weights.head);
  return writer.finish();
}

}  // namespace attune
