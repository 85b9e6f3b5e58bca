#include "train/layer_pass.hpp"

namespace attune::train {
namespace {

nn::LinearWeights view(const LayerSpans<const float>::Linear& linear) {
  return {linear.weight, linear.bias};
}

nn::LinearGradients view(const LayerSpans<float>::Linear& linear) {
  return {linear.weight, linear.bias};
}

nn::LayerNormWeights view(const LayerSpans<const float>::Norm& norm, float epsilon) {
  return {norm.scale, norm.shift, epsilon};
}

}  // namespace

void TrainableLayer::pack(const LayerSpans<const float>& from) {
  query.pack(view(from.query));
  key_value.pack(view(from.key_value));
  attention_output.pack(view(from.attention_output));
  feed_forward_in.pack(view(from.feed_forward_in));
  feed_forward_out.pack(view(from.feed_forward_out));
}

void drop(const LayerDropout& dropout, std::size_t layer, std::size_t place, std::span<float> x) {
  if (dropout.probability <= 0) return;
  constexpr std::uint64_t kStretch = std::uint64_t{1} << 40U;
  nn::dropout({dropout.probability, dropout.seed, (2 * layer + place) * kStretch}, x);
}

void LayerPass::attend(const Job& job, nn::Scratch& scratch) {
  const std::size_t width = job.shape.width;
  std::size_t numbers = 0;
  for (const PassRows& rows : job.sequences) numbers += job.shape.heads * rows.count * rows.key_count;
  weights_.resize(numbers);
  std::span<float> weights = weights_;
  for (const PassRows& rows : job.sequences) {
    const std::size_t count = job.shape.heads * rows.count * rows.key_count;
    nn::self_attention(
        {.q = std::span<const float>(q_rw_).subspan(rows.first * width, rows.count * width),
         .kv = std::span<const float>(kv_k2w_).subspan(rows.key_first * 2 * width, rows.key_count * 2 * width),
         .heads = job.shape.heads,
         .width = width,
         .out = std::span(context_rw_).subspan(rows.first * width, rows.count * width),
         .weights = weights.first(count)},
        scratch);
    weights = weights.subspan(count);
  }
}

void LayerPass::forward(const Job& job, std::vector<float>& out_rw, nn::Scratch& scratch) {
  const std::span<const float> x = stream();
  const std::size_t rows = x.size() / job.shape.width;
  q_rw_.resize(x.size());
  kv_k2w_.resize(2 * input_kw.size());
  context_rw_.resize(x.size());
  inner_rf_.resize(rows * job.shape.feed_forward);
  active_rf_.resize(inner_rf_.size());
  nn::linear(job.packed.query.forward, x, scratch, q_rw_);
  nn::linear(job.packed.key_value.forward, input_kw, scratch, kv_k2w_);
  attend(job, scratch);
  out_rw.resize(x.size());
  nn::linear(job.packed.attention_output.forward, context_rw_, scratch, out_rw);
  drop(job.dropout, job.layer, 0, out_rw);
  attended_rw_.assign(x.begin(), x.end());
  nn::add_layer_norm(view(job.weights.attention_norm, job.shape.epsilon), out_rw, attended_rw_, attention_norm_);
  nn::linear(job.packed.feed_forward_in.forward, attended_rw_, scratch, inner_rf_);
  nn::gelu(job.shape.gelu, inner_rf_, active_rf_);
  nn::linear(job.packed.feed_forward_out.forward, active_rf_, scratch, out_rw);
  drop(job.dropout, job.layer, 1, out_rw);
  nn::add_layer_norm(view(job.weights.output_norm, job.shape.epsilon), attended_rw_, out_rw, output_norm_);
}

void LayerPass::attend_backward(const Job& job, nn::BackwardScratch& scratch) {
  const std::size_t width = job.shape.width;
  d_q_rw_.assign(q_rw_.size(), 0.0F);
  d_kv_k2w_.assign(kv_k2w_.size(), 0.0F);
  std::span<const float> weights = weights_;
  for (const PassRows& rows : job.sequences) {
    const std::size_t count = job.shape.heads * rows.count * rows.key_count;
    const std::size_t first = rows.first * width;
    const std::size_t size = rows.count * width;
    const std::size_t key_first = rows.key_first * 2 * width;
    const std::size_t key_size = rows.key_count * 2 * width;
    nn::self_attention_backward({.q = std::span<const float>(q_rw_).subspan(first, size),
                                 .kv = std::span<const float>(kv_k2w_).subspan(key_first, key_size),
                                 .weights = weights.first(count),
                                 .d_out = std::span<const float>(d_context_rw_).subspan(first, size),
                                 .heads = job.shape.heads,
                                 .width = width,
                                 .d_q = std::span(d_q_rw_).subspan(first, size),
                                 .d_kv = std::span(d_kv_k2w_).subspan(key_first, key_size)},
                                scratch);
    weights = weights.subspan(count);
  }
}

void LayerPass::backward(const Job& job, std::vector<float>& d_rw, std::span<float> d_input_kw, bool skip_stream,
                         const LayerSpans<float>& gradients, nn::BackwardScratch& scratch) {
  const TrainableLayer& packed = job.packed;
  const float epsilon = job.shape.epsilon;
  d_inner_rf_.assign(inner_rf_.size(), 0.0F);
  nn::add_layer_norm_backward(view(job.weights.output_norm, epsilon), output_norm_, d_rw,
                              {gradients.output_norm.scale, gradients.output_norm.shift});
  d_branch_rw_ = d_rw;
  drop(job.dropout, job.layer, 1, d_branch_rw_);
  nn::linear_backward(
      {packed.feed_forward_out.backward, active_rf_, d_branch_rw_, d_inner_rf_, view(gradients.feed_forward_out)},
      scratch);
  nn::gelu_backward(job.shape.gelu, inner_rf_, d_inner_rf_);
  nn::linear_backward(
      {packed.feed_forward_in.backward, attended_rw_, d_inner_rf_, d_rw, view(gradients.feed_forward_in)}, scratch);
  nn::add_layer_norm_backward(view(job.weights.attention_norm, epsilon), attention_norm_, d_rw,
                              {gradients.attention_norm.scale, gradients.attention_norm.shift});
  d_branch_rw_ = d_rw;
  drop(job.dropout, job.layer, 0, d_branch_rw_);
  d_context_rw_.assign(d_rw.size(), 0.0F);
  nn::linear_backward(
      {packed.attention_output.backward, context_rw_, d_branch_rw_, d_context_rw_, view(gradients.attention_output)},
      scratch);
  attend_backward(job, scratch);
  nn::linear_backward({packed.query.backward, stream(), d_q_rw_,
                       skip_stream ? std::span<float>{} : std::span<float>(d_rw), view(gradients.query)},
                      scratch);
  nn::linear_backward({packed.key_value.backward, input_kw, d_kv_k2w_, d_input_kw, view(gradients.key_value)}, scratch);
}

}  // namespace attune::train
