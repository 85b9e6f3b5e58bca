#include <algorithm>
#include <cassert>
#include <cmath>

#include "attune/core/file.hpp"
#include "attune/model.hpp"
#include "attune/nn.hpp"

#include "model/model_file.hpp"

namespace attune {
namespace {

// T tokens of one sequence, W width, F width inside the feed-forward part.

struct Linear {
  std::vector<float> weight;
  std::vector<float> bias;
  [[nodiscard]] nn::LinearWeights view() const { return {weight, bias}; }
};

struct Norm {
  std::vector<float> scale;
  std::vector<float> shift;
  [[nodiscard]] nn::LayerNormWeights view(float epsilon) const { return {scale, shift, epsilon}; }
};

struct Layer {
  Linear qkv;  // query, key and value one below the other: one product instead of three
  Linear attention_output;
  Norm attention_norm;
  Linear feed_forward_in;
  Linear feed_forward_out;
  Norm output_norm;
};

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

// Takes weights out of a file by name. Numbers that are not finite are damage: they would spread to every score.
class WeightReader {
 public:
  explicit WeightReader(const Safetensors& tensors) : tensors_(tensors) {}

  Result<std::vector<float>> vector(const std::string& name, const std::vector<std::uint64_t>& shape) const {
    auto values = tensors_.numbers<float>(name, shape);
    if (values && !all_finite(*values)) return not_finite(name);
    return values;
  }

  // Appends a matrix, unpacked, and its bias to `to`.
  Status append_linear(const std::string& name, std::size_t out, std::size_t in, Linear& to) const {
    const auto blocks = q4(name + ".weight", out, in);
    if (!blocks) return blocks.error();
    const auto bias = vector(name + ".bias", {out});
    if (!bias) return bias.error();
    const std::size_t start = to.weight.size();
    to.weight.resize(start + out * in);
    nn::unpack_q4(*blocks, std::span(to.weight).subspan(start));
    to.bias.insert(to.bias.end(), bias->begin(), bias->end());
    return {};
  }

  Status read_norm(const std::string& name, std::size_t width, Norm& to) const {
    auto scale = vector(name + ".scale", {width});
    if (!scale) return scale.error();
    auto shift = vector(name + ".shift", {width});
    if (!shift) return shift.error();
    to = {std::move(scale).value(), std::move(shift).value()};
    return {};
  }

  Result<std::span<const std::uint8_t>> q4(const std::string& name, std::size_t rows, std::size_t columns) const {
    auto blocks = tensors_.tensor(name, TensorType::u8, q4_shape(rows, columns));
    if (blocks && !nn::q4_is_finite(*blocks)) return not_finite(name);
    return blocks;
  }

 private:
  static Error not_finite(const std::string& name) {
    return Error{ErrorKind::corrupt, "tensor '" + name + "': holds a number that is not finite"};
  }

  const Safetensors& tensors_;
};

Result<Layer> read_layer(const WeightReader& reader, const ModelDescription& shape, std::size_t index) {
  const std::string prefix = "layers." + std::to_string(index) + ".";
  const std::size_t width = shape.width;
  Layer layer;
  for (const char* part : {"query", "key", "value"}) {
    if (const Status status = reader.append_linear(prefix + part, width, width, layer.qkv); !status) {
      return status.error();
    }
  }
  const Status steps[] = {
      reader.append_linear(prefix + "attention_output", width, width, layer.attention_output),
      reader.read_norm(prefix + "attention_norm", width, layer.attention_norm),
      reader.append_linear(prefix + "feed_forward_in", shape.feed_forward, width, layer.feed_forward_in),
      reader.append_linear(prefix + "feed_forward_out", width, shape.feed_forward, layer.feed_forward_out),
      reader.read_norm(prefix + "output_norm", width, layer.output_norm)};
  for (const Status& status : steps) {
    if (!status) return status.error();
  }
  return layer;
}

class BertEncoder final : public Encoder {
 public:
  Status load(const std::filesystem::path& directory);

  void encode(std::span<const std::int32_t> ids, Scratch& scratch, std::span<float> out) const override;

  const ModelDescription& description() const override { return config_.description; }
  const UnigramTokenizer& tokenizer() const override { return *tokenizer_; }
  std::int32_t begin_id() const override { return tokenizer_->row_of(config_.begin_id); }
  std::int32_t end_id() const override { return tokenizer_->row_of(config_.end_id); }

 private:
  Status load_embeddings(const WeightReader& reader);
  void embed_tokens(std::span<const std::int32_t> ids, std::span<float> x_tw) const;
  void run_layer(const Layer& layer, std::size_t tokens, Scratch& scratch) const;

  ModelConfig config_;
  std::unique_ptr<UnigramTokenizer> tokenizer_;
  std::vector<std::uint8_t> words_;  // [vocabulary] rows of 4-bit blocks: unpacked where they are read
  std::vector<float> positions_pw_;  // [max_positions, W] with the token type's vector added
  Norm embedding_norm_;
  std::vector<Layer> layers_;
};

Status BertEncoder::load_embeddings(const WeightReader& reader) {
  const ModelDescription& shape = config_.description;
  const auto words = reader.q4("embeddings.word", shape.vocabulary, shape.width);
  if (!words) return words.error();
  words_.assign(words->begin(), words->end());
  auto positions = reader.vector("embeddings.position", {shape.max_positions, shape.width});
  if (!positions) return positions.error();
  positions_pw_ = std::move(positions).value();
  const auto type = reader.vector("embeddings.token_type", {shape.width});
  if (!type) return type.error();
  for (std::size_t index = 0; index < positions_pw_.size(); ++index) {
    positions_pw_[index] += (*type)[index % shape.width];
  }
  return reader.read_norm("embeddings.norm", shape.width, embedding_norm_);
}

Status BertEncoder::load(const std::filesystem::path& directory) {
  auto file = read_model_file(directory);
  if (!file) return file.error();
  config_ = file->config;
  const auto in_file = [&](const Error& error) {
    return error.while_doing("'" + to_utf8(directory / kModelFileName) + "'");
  };

  auto vocabulary = read_vocabulary(*file);
  if (!vocabulary) return in_file(vocabulary.error());
  auto tokenizer = UnigramTokenizer::create(std::move(vocabulary).value());
  if (!tokenizer) return in_file(Error{ErrorKind::corrupt, tokenizer.error().text});
  tokenizer_ = std::move(tokenizer).value();
  if (begin_id() < 0 || end_id() < 0) {
    return in_file(Error{ErrorKind::corrupt, "tensor 'tokenizer.kept': the special pieces have no rows"});
  }

  const WeightReader reader(file->tensors);
  if (const Status status = load_embeddings(reader); !status) return in_file(status.error());
  for (std::size_t index = 0; index < config_.description.layers; ++index) {
    auto layer = read_layer(reader, config_.description, index);
    if (!layer) return in_file(layer.error());
    layers_.push_back(std::move(layer).value());
  }
  return {};
}

void BertEncoder::embed_tokens(std::span<const std::int32_t> ids, std::span<float> x_tw) const {
  const std::size_t width = config_.description.width;
  const std::size_t row_bytes = width / nn::kQ4BlockWeights * nn::kQ4BlockBytes;
  for (std::size_t token = 0; token < ids.size(); ++token) {
    const std::span<float> row = x_tw.subspan(token * width, width);
    nn::unpack_q4(std::span(words_).subspan(static_cast<std::size_t>(ids[token]) * row_bytes, row_bytes), row);
    for (std::size_t column = 0; column < width; ++column) row[column] += positions_pw_[token * width + column];
  }
  nn::add_layer_norm(embedding_norm_.view(config_.epsilon), {}, x_tw);
}

// Post-LayerNorm: x = norm(x + attention(x)); x = norm(x + feed_forward(x)).
void BertEncoder::run_layer(const Layer& layer, std::size_t tokens, Scratch& scratch) const {
  const std::size_t width = config_.description.width;
  const std::span<float> x_tw = std::span(scratch.x_tw).first(tokens * width);
  const std::span<float> qkv = std::span(scratch.qkv).first(tokens * 3 * width);
  const std::span<float> context_tw = std::span(scratch.context_tw).first(tokens * width);
  const std::span<float> scores_tt = std::span(scratch.scores_tt).first(tokens * tokens);
  const std::span<float> inner_tf = std::span(scratch.inner_tf).first(tokens * config_.description.feed_forward);

  nn::linear(layer.qkv.view(), x_tw, qkv);
  nn::self_attention(qkv, config_.description.heads, scores_tt, context_tw);
  const std::span<float> projected_tw = qkv.first(tokens * width);  // the projections have been read
  nn::linear(layer.attention_output.view(), context_tw, projected_tw);
  nn::add_layer_norm(layer.attention_norm.view(config_.epsilon), projected_tw, x_tw);

  nn::linear(layer.feed_forward_in.view(), x_tw, inner_tf);
  nn::gelu(inner_tf);
  nn::linear(layer.feed_forward_out.view(), inner_tf, context_tw);
  nn::add_layer_norm(layer.output_norm.view(config_.epsilon), context_tw, x_tw);
}

void BertEncoder::encode(std::span<const std::int32_t> ids, Scratch& scratch, std::span<float> out) const {
  const ModelDescription& shape = config_.description;
  const std::size_t tokens = ids.size();
  assert(tokens > 0 && tokens <= shape.max_positions && out.size() == shape.width);
  const auto grow = [](std::vector<float>& memory, std::size_t size) {
    if (memory.size() < size) memory.resize(size);
  };
  grow(scratch.x_tw, tokens * shape.width);
  grow(scratch.qkv, tokens * shape.width * 3);
  grow(scratch.context_tw, tokens * shape.width);
  grow(scratch.scores_tt, tokens * tokens);
  grow(scratch.inner_tf, tokens * shape.feed_forward);

  const std::span<float> x_tw = std::span(scratch.x_tw).first(tokens * shape.width);
  embed_tokens(ids, x_tw);
  for (const Layer& layer : layers_) run_layer(layer, tokens, scratch);
  nn::mean_pool_to_unit(x_tw, out);
}

}  // namespace

Result<std::unique_ptr<Encoder>> Encoder::open(const std::filesystem::path& directory) {
  auto encoder = std::make_unique<BertEncoder>();
  if (const Status status = encoder->load(directory); !status) return status.error();
  return std::unique_ptr<Encoder>(std::move(encoder));
}

}  // namespace attune
