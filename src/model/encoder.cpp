#include <algorithm>
#include <cassert>

#include "attune/core/file.hpp"
#include "attune/model.hpp"
#include "attune/nn.hpp"

#include "model/read_model.hpp"

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

void append_linear(const LinearParameters& from, Linear& to) {
  const std::size_t start = to.weight.size();
  to.weight.resize(start + from.weight.rows * from.weight.columns);
  read_rows(from.weight, 0, from.weight.rows, std::span(to.weight).subspan(start));
  to.bias.insert(to.bias.end(), from.bias.begin(), from.bias.end());
}

Layer read_layer(const LayerParameters& from) {
  Layer layer;
  for (const LinearParameters* part : {&from.query, &from.key, &from.value}) append_linear(*part, layer.qkv);
  append_linear(from.attention_output, layer.attention_output);
  layer.attention_norm = {from.attention_norm.scale, from.attention_norm.shift};
  append_linear(from.feed_forward_in, layer.feed_forward_in);
  append_linear(from.feed_forward_out, layer.feed_forward_out);
  layer.output_norm = {from.output_norm.scale, from.output_norm.shift};
  return layer;
}

class BertEncoder final : public Encoder {
 public:
  Status load(const std::filesystem::path& directory);

  void encode(std::span<const std::int32_t> ids, Scratch& scratch, std::span<float> out) const override;

  const ModelDescription& description() const override { return description_; }
  const UnigramTokenizer& tokenizer() const override { return *tokenizer_; }
  std::int32_t begin_id() const override { return begin_id_; }
  std::int32_t end_id() const override { return end_id_; }

 private:
  Status load_tokenizer(const ModelFile& file);
  void embed_tokens(std::span<const std::int32_t> ids, std::span<float> x_tw) const;
  void run_layer(const Layer& layer, std::size_t tokens, Scratch& scratch) const;

  ModelDescription description_;
  std::unique_ptr<UnigramTokenizer> tokenizer_;
  std::int32_t begin_id_ = 0;
  std::int32_t end_id_ = 0;
  float epsilon_ = 0;
  std::shared_ptr<const void> keep_;
  WeightMatrix words_;               // read row by row
  std::vector<float> positions_pw_;  // [max_positions, W] with the token type's vector added
  Norm embedding_norm_;
  std::vector<Layer> layers_;
};

Status BertEncoder::load_tokenizer(const ModelFile& file) {
  auto vocabulary = read_vocabulary(file);
  if (!vocabulary) return vocabulary.error();
  auto tokenizer = UnigramTokenizer::create(std::move(vocabulary).value());
  if (!tokenizer) return Error{ErrorKind::corrupt, tokenizer.error().text};
  tokenizer_ = std::move(tokenizer).value();
  begin_id_ = tokenizer_->row_of(file.config.begin_id);
  end_id_ = tokenizer_->row_of(file.config.end_id);
  if (begin_id_ >= 0 && end_id_ >= 0) return {};
  return Error{ErrorKind::corrupt, "tensor 'tokenizer.kept': the special pieces have no rows"};
}

Status BertEncoder::load(const std::filesystem::path& directory) {
  const auto parts = read_model(directory);
  if (!parts) return parts.error();
  const EncoderWeights& weights = parts->weights;
  if (parts->tokenizer.own == nullptr || weights.shape.gelu != GeluForm::erf ||
      weights.shape.pooling != Pooling::mean || !weights.shape.unit_length) {
    return Error{ErrorKind::unsupported, "'" + to_utf8(directory) + "': this encoder cannot run such a model"};
  }
  const Status tokenizer = load_tokenizer(*parts->tokenizer.own);
  if (!tokenizer) return tokenizer.error().while_doing("'" + to_utf8(directory / kModelFileName) + "'");
  description_ = parts->description;
  epsilon_ = weights.shape.epsilon;
  keep_ = weights.keep;
  words_ = weights.words;
  positions_pw_ = weights.positions;
  for (std::size_t index = 0; index < positions_pw_.size() && !weights.token_types.empty(); ++index) {
    positions_pw_[index] += weights.token_types[index % weights.shape.width];
  }
  embedding_norm_ = {weights.embedding_norm.scale, weights.embedding_norm.shift};
  for (const LayerParameters& layer : weights.layers) layers_.push_back(read_layer(layer));
  return {};
}

void BertEncoder::embed_tokens(std::span<const std::int32_t> ids, std::span<float> x_tw) const {
  const std::size_t width = description_.width;
  for (std::size_t token = 0; token < ids.size(); ++token) {
    const std::span<float> row = x_tw.subspan(token * width, width);
    read_rows(words_, static_cast<std::size_t>(ids[token]), 1, row);
    for (std::size_t column = 0; column < width; ++column) row[column] += positions_pw_[token * width + column];
  }
  nn::add_layer_norm(embedding_norm_.view(epsilon_), {}, x_tw);
}

// Post-LayerNorm: x = norm(x + attention(x)); x = norm(x + feed_forward(x)).
void BertEncoder::run_layer(const Layer& layer, std::size_t tokens, Scratch& scratch) const {
  const std::size_t width = description_.width;
  const std::span<float> x_tw = std::span(scratch.x_tw).first(tokens * width);
  const std::span<float> qkv = std::span(scratch.qkv).first(tokens * 3 * width);
  const std::span<float> context_tw = std::span(scratch.context_tw).first(tokens * width);
  const std::span<float> scores_tt = std::span(scratch.scores_tt).first(tokens * tokens);
  const std::span<float> inner_tf = std::span(scratch.inner_tf).first(tokens * description_.feed_forward);

  nn::linear(layer.qkv.view(), x_tw, qkv);
  nn::self_attention(qkv, description_.heads, scores_tt, context_tw);
  const std::span<float> projected_tw = qkv.first(tokens * width);  // the projections have been read
  nn::linear(layer.attention_output.view(), context_tw, projected_tw);
  nn::add_layer_norm(layer.attention_norm.view(epsilon_), projected_tw, x_tw);

  nn::linear(layer.feed_forward_in.view(), x_tw, inner_tf);
  nn::gelu(inner_tf);
  nn::linear(layer.feed_forward_out.view(), inner_tf, context_tw);
  nn::add_layer_norm(layer.output_norm.view(epsilon_), context_tw, x_tw);
}

void BertEncoder::encode(std::span<const std::int32_t> ids, Scratch& scratch, std::span<float> out) const {
  const ModelDescription& shape = description_;
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
