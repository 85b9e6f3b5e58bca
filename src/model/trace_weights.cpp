#include "model/trace_weights.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "attune/core/file.hpp"
#include "attune/nn.hpp"

#include "model/model_file.hpp"

namespace attune {
namespace {

// Takes tensors by name and remembers the first that is wrong.
class OwnReader {
 public:
  explicit OwnReader(const Safetensors& tensors) : tensors_(tensors) {}

  std::vector<float> numbers(const std::string& name, const std::vector<std::uint64_t>& shape) {
    auto values = tensors_.numbers<float>(name, shape);
    if (!values) return fail(values.error());
    if (!std::all_of(values->begin(), values->end(), [](float value) { return std::isfinite(value); })) {
      return fail(not_finite(name));
    }
    return std::move(values).value();
  }
  WeightMatrix matrix(const std::string& name, std::size_t rows, std::size_t columns) {
    WeightMatrix matrix{
        .type = NumberType::q4, .bytes = {}, .row_scales = {}, .rows = rows, .columns = columns, .transposed = false};
    const auto blocks = tensors_.tensor(name, TensorType::u8, q4_shape(rows, columns));
    if (!blocks) {
      fail(blocks.error());
    } else if (!nn::q4_is_finite(*blocks)) {
      fail(not_finite(name));
    } else {
      matrix.bytes = *blocks;
    }
    return matrix;
  }
  LinearParameters linear(const std::string& name, std::size_t rows, std::size_t columns) {
    return {matrix(name + ".weight", rows, columns), numbers(name + ".bias", {rows})};
  }
  NormParameters norm(const std::string& name, std::size_t width) {
    return {numbers(name + ".scale", {width}), numbers(name + ".shift", {width})};
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  static Error not_finite(const std::string& name) {
    return Error{ErrorKind::corrupt, "tensor '" + name + "': holds a number that is not finite"};
  }
  std::vector<float> fail(Error error) {
    if (status_) status_ = std::move(error);
    return {};
  }

  const Safetensors& tensors_;
  Status status_;
};

EncoderShape shape_of(const ModelConfig& config) {
  EncoderShape shape;
  shape.layers = config.description.layers;
  shape.width = config.description.width;
  shape.heads = config.description.heads;
  shape.feed_forward = config.description.feed_forward;
  shape.positions = config.description.max_positions;
  shape.token_types = 1;
  shape.vocabulary = config.description.vocabulary;
  shape.epsilon = config.epsilon;
  return shape;
}

}  // namespace

Result<EncoderWeights> read_trace_weights(const std::filesystem::path& directory) {
  auto read = read_model_file(directory);
  if (!read) return read.error();
  const auto file = std::make_shared<const ModelFile>(std::move(read).value());
  EncoderWeights weights;
  weights.keep = file;
  weights.shape = shape_of(file->config);
  const EncoderShape& shape = weights.shape;
  OwnReader reader(file->tensors);
  weights.words = reader.matrix("embeddings.word", shape.vocabulary, shape.width);
  weights.positions = reader.numbers("embeddings.position", {shape.positions, shape.width});
  weights.token_types = reader.numbers("embeddings.token_type", {shape.width});
  weights.embedding_norm = reader.norm("embeddings.norm", shape.width);
  for (std::size_t index = 0; index < shape.layers; ++index) {
    const std::string at = "layers." + std::to_string(index) + ".";
    weights.layers.push_back(
        {.query = reader.linear(at + "query", shape.width, shape.width),
         .key = reader.linear(at + "key", shape.width, shape.width),
         .value = reader.linear(at + "value", shape.width, shape.width),
         .attention_output = reader.linear(at + "attention_output", shape.width, shape.width),
         .attention_norm = reader.norm(at + "attention_norm", shape.width),
         .feed_forward_in = reader.linear(at + "feed_forward_in", shape.feed_forward, shape.width),
         .feed_forward_out = reader.linear(at + "feed_forward_out", shape.width, shape.feed_forward),
         .output_norm = reader.norm(at + "output_norm", shape.width)});
  }
  if (!reader.status()) {
    return reader.status().error().while_doing("'" + to_utf8(directory / kModelFileName) + "'");
  }
  return weights;
}

void read_rows(const WeightMatrix& matrix, std::size_t first, std::size_t count, std::span<float> out) {
  assert(first + count <= matrix.rows && out.size() == count * matrix.columns && matrix.type == NumberType::q4);
  const std::size_t row_bytes = matrix.columns / nn::kQ4BlockWeights * nn::kQ4BlockBytes;
  nn::unpack_q4(matrix.bytes.subspan(first * row_bytes, count * row_bytes), out);
}

}  // namespace attune
