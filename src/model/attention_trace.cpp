// The encoder once more, in FP32 and one layer at a time, with everything that attention computes kept for a visitor.
//
// Written against EncoderWeights and the layers of `nn` alone, so that it stays the same whatever the fast engine packs
// its weights into. A layer's matrices are read when they are needed: an explanation may take a tenth of a second.
#include <cassert>

#include "attune/model.hpp"
#include "attune/nn.hpp"

#include "model/encoder_weights.hpp"
#include "model/read_model.hpp"

namespace attune {
namespace {

// T tokens, W width, F width inside the feed-forward part, H heads, D = W / H.

AttentionProjections::Projection read_linear(const LinearParameters& parameters) {
  AttentionProjections::Projection linear;
  linear.weight.resize(parameters.weight.rows * parameters.weight.columns);
  read_rows(parameters.weight, 0, parameters.weight.rows, linear.weight);
  linear.bias = parameters.bias;
  return linear;
}

nn::PackedLinear pack(const LinearParameters& parameters) {
  const AttentionProjections::Projection linear = read_linear(parameters);
  return nn::PackedLinear::pack({linear.weight, linear.bias}, nn::Precision::f32);
}

std::vector<float> run_linear(const LinearParameters& parameters, std::span<const float> x_ti) {
  std::vector<float> y_to(x_ti.size() / parameters.weight.columns * parameters.weight.rows);
  nn::Scratch scratch;
  nn::linear(pack(parameters), x_ti, scratch, y_to);
  return y_to;
}

void add_norm(const NormParameters& norm, float epsilon, std::span<const float> residual_tw, std::span<float> x_tw) {
  nn::add_layer_norm({norm.scale, norm.shift, epsilon}, residual_tw, x_tw);
}

// Fills weights_htt and context_tw from q, k and v.
void attend(LayerTrace& trace) {
  const std::size_t width = trace.width;
  std::vector<float> kv_t2w;
  kv_t2w.reserve(2 * trace.k_tw.size());
  for (std::size_t start = 0; start < trace.k_tw.size(); start += width) {
    for (const std::vector<float>* part : {&trace.k_tw, &trace.v_tw}) {
      const auto row = part->begin() + static_cast<std::ptrdiff_t>(start);
      kv_t2w.insert(kv_t2w.end(), row, row + static_cast<std::ptrdiff_t>(width));
    }
  }
  trace.weights_htt.resize(trace.heads * trace.tokens * trace.tokens);
  trace.context_tw.resize(trace.tokens * width);
  nn::Scratch scratch;
  nn::self_attention({.q = trace.q_tw,
                      .kv = kv_t2w,
                      .heads = trace.heads,
                      .width = width,
                      .out = trace.context_tw,
                      .weights = trace.weights_htt},
                     scratch);
}

class FullPrecisionTracer final : public AttentionTracer {
 public:
  explicit FullPrecisionTracer(EncoderWeights weights) : weights_(std::move(weights)) {}

  std::vector<float> trace(std::span<const std::int32_t> ids,
                           const std::function<void(std::size_t, LayerTrace&&)>& visit) const override;

  AttentionProjections projections(std::size_t layer) const override {
    const LayerParameters& parameters = weights_.layers[layer];
    return {read_linear(parameters.query), read_linear(parameters.key), read_linear(parameters.value),
            read_linear(parameters.attention_output)};
  }

 private:
  [[nodiscard]] std::vector<float> embed_tokens(std::span<const std::int32_t> ids) const;
  void feed_forward(const LayerParameters& layer, std::vector<float>& x_tw) const;

  EncoderWeights weights_;
};

std::vector<float> FullPrecisionTracer::embed_tokens(std::span<const std::int32_t> ids) const {
  const std::size_t width = weights_.shape.width;
  std::vector<float> x_tw(ids.size() * width);
  for (std::size_t token = 0; token < ids.size(); ++token) {
    const std::span<float> x_w = std::span(x_tw).subspan(token * width, width);
    read_rows(weights_.words, static_cast<std::size_t>(ids[token]), 1, x_w);
    for (std::size_t column = 0; column < width; ++column) {
      const float type = weights_.token_types.empty() ? 0.0F : weights_.token_types[column];
      x_w[column] += weights_.positions[token * width + column] + type;
    }
  }
  add_norm(weights_.embedding_norm, weights_.shape.epsilon, {}, x_tw);
  return x_tw;
}

// x = norm(x + feed_forward(x))
void FullPrecisionTracer::feed_forward(const LayerParameters& layer, std::vector<float>& x_tw) const {
  const nn::PackedLinear up = pack(layer.feed_forward_in);
  const nn::PackedLinear down = pack(layer.feed_forward_out);
  std::vector<float> out_tw(x_tw.size());
  nn::Scratch scratch;
  nn::feed_forward({up, down, weights_.shape.gelu}, x_tw, scratch, out_tw);
  add_norm(layer.output_norm, weights_.shape.epsilon, out_tw, x_tw);
}

std::vector<float> FullPrecisionTracer::trace(std::span<const std::int32_t> ids,
                                              const std::function<void(std::size_t, LayerTrace&&)>& visit) const {
  const EncoderShape& shape = weights_.shape;
  assert(!ids.empty() && ids.size() <= shape.positions);
  std::vector<float> x_tw = embed_tokens(ids);
  for (std::size_t index = 0; index < shape.layers; ++index) {
    const LayerParameters& layer = weights_.layers[index];
    LayerTrace trace;
    trace.tokens = ids.size();
    trace.width = shape.width;
    trace.heads = shape.heads;
    trace.x_tw = x_tw;
    trace.q_tw = run_linear(layer.query, x_tw);
    trace.k_tw = run_linear(layer.key, x_tw);
    trace.v_tw = run_linear(layer.value, x_tw);
    attend(trace);
    trace.output_tw = run_linear(layer.attention_output, trace.context_tw);
    add_norm(layer.attention_norm, shape.epsilon, trace.output_tw, x_tw);
    feed_forward(layer, x_tw);
    visit(index, std::move(trace));
  }
  return x_tw;
}

}  // namespace

Result<std::unique_ptr<AttentionTracer>> AttentionTracer::open(const std::filesystem::path& directory) {
  auto weights = read_encoder_weights(directory);
  if (!weights) return weights.error();
  return std::unique_ptr<AttentionTracer>(std::make_unique<FullPrecisionTracer>(std::move(weights).value()));
}

}  // namespace attune
