// Weights out of our own file.
#include "attune/nn.hpp"

#include "model/model_file.hpp"
#include "model/tensor_table.hpp"
#include "model/write_model.hpp"

namespace attune {
namespace {

// Takes tensors one after the other and remembers the first that is wrong.
class OwnReader {
 public:
  explicit OwnReader(const Safetensors& tensors) : tensors_(tensors) {}

  std::vector<float> numbers(const std::string& name, const std::vector<std::uint64_t>& shape) {
    auto values = tensors_.numbers<float>(name, shape);
    if (!values) return fail(values.error());
    if (const Status status = check_finite(name, *values); !status) return fail(status.error());
    return std::move(values).value();
  }

  WeightMatrix matrix(const std::string& name, std::size_t rows, std::size_t columns) {
    WeightMatrix matrix{
        .type = NumberType::f32, .bytes = {}, .row_scales = {}, .rows = rows, .columns = columns, .transposed = false};
    const auto entry = tensors_.tensors().find(name);
    if (entry == tensors_.tensors().end()) {
      fail(tensor_error(name, "is missing"));
      return matrix;
    }
    const TensorType type = entry->second.type;
    switch (type) {
      case TensorType::u8:
        return q4(name, matrix);
      case TensorType::i8:
        matrix.type = NumberType::i8;
        matrix.row_scales = scales(name + ".scales", rows);
        break;
      case TensorType::f16:
        matrix.type = NumberType::f16;
        break;
      case TensorType::bf16:
        matrix.type = NumberType::bf16;
        break;
      case TensorType::f32:
        break;
      default:
        fail(tensor_error(name, "has type " + std::string(tensor_type_name(type)) + ", which no weight has"));
        return matrix;
    }
    matrix.bytes = bytes(name, type, {rows, columns});
    if (type == TensorType::i8 && !is_within(matrix.bytes, kMaxWeight)) {
      fail(tensor_error(name, "holds an int8 value beyond " + std::to_string(kMaxWeight)));
    }
    return matrix;
  }

  LinearParameters linear(const std::string& name, std::size_t rows, std::size_t columns) {
    LinearParameters linear;
    linear.weight = matrix(name + ".weight", rows, columns);
    linear.bias = numbers(name + ".bias", {rows});
    return linear;
  }
  NormParameters norm(const std::string& name, std::size_t width) {
    NormParameters norm;
    norm.scale = numbers(name + ".scale", {width});
    norm.shift = numbers(name + ".shift", {width});
    return norm;
  }
  LayerParameters layer(const std::string& at, const EncoderShape& shape) {
    const std::size_t width = shape.width;
    LayerParameters layer;
    layer.query = linear(at + "query", width, width);
    layer.key = linear(at + "key", width, width);
    layer.value = linear(at + "value", width, width);
    layer.attention_output = linear(at + "attention_output", width, width);
    layer.attention_norm = norm(at + "attention_norm", width);
    layer.feed_forward_in = linear(at + "feed_forward_in", shape.feed_forward, width);
    layer.feed_forward_out = linear(at + "feed_forward_out", width, shape.feed_forward);
    layer.output_norm = norm(at + "output_norm", width);
    return layer;
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  std::vector<float> fail(Error error) {
    if (status_) status_ = std::move(error);
    return {};
  }
  std::span<const std::uint8_t> bytes(const std::string& name, TensorType type,
                                      const std::vector<std::uint64_t>& shape) {
    const auto found = tensors_.tensor(name, type, shape);
    if (found) return *found;
    fail(found.error());
    return {};
  }
  WeightMatrix q4(const std::string& name, WeightMatrix matrix) {
    matrix.type = NumberType::q4;
    if (matrix.columns % nn::kQ4BlockWeights != 0) {
      fail(tensor_error(name, "is in 4-bit blocks, of which its rows are no multiple"));
      return matrix;
    }
    matrix.bytes = bytes(name, TensorType::u8, q4_shape(matrix.rows, matrix.columns));
    if (!nn::q4_is_finite(matrix.bytes)) fail(tensor_error(name, "holds a number that is not finite"));
    return matrix;
  }
  std::span<const std::uint8_t> scales(const std::string& name, std::size_t rows) {
    const std::vector<float> values = numbers(name, {rows});
    for (const float value : values) {
      if (value < 0) fail(tensor_error(name, "holds a scale below zero"));
    }
    return bytes(name, TensorType::f32, {rows});
  }

  const Safetensors& tensors_;
  Status status_;
};

}  // namespace

Result<EncoderWeights> own_weights(const ModelFile& file) {
  const EncoderShape& shape = file.config.shape;
  OwnReader reader(file.tensors);
  EncoderWeights weights;
  weights.keep = file.tensors.keep();
  weights.shape = shape;
  weights.words = reader.matrix("embeddings.word", shape.vocabulary, shape.width);
  weights.positions = reader.numbers("embeddings.position", {shape.positions, shape.width});
  if (file.config.version == 1) {
    weights.token_types = reader.numbers("embeddings.token_type", {shape.width});
  } else if (shape.token_types > 0) {
    weights.token_types = reader.numbers("embeddings.token_type", {shape.token_types, shape.width});
  }
  weights.embedding_norm = reader.norm("embeddings.norm", shape.width);
  for (std::size_t index = 0; index < shape.layers && reader.status(); ++index) {
    weights.layers.push_back(reader.layer("layers." + std::to_string(index) + ".", shape));
  }
  if (file.config.has_head) {
    HeadParameters head;
    head.activation = file.config.head_activation;
    if (file.tensors.tensors().contains("head.dense.weight")) {
      head.dense = reader.linear("head.dense", shape.width, shape.width);
    }
    head.classifier = reader.linear("head.classifier", file.config.description.labels.size(), shape.width);
    weights.head = std::move(head);
  }
  if (!reader.status()) return reader.status().error();
  return weights;
}

}  // namespace attune
