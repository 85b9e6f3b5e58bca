#include "train/sequence_pass.hpp"

#include <algorithm>
#include <cmath>

#include "attune/core/work_sharing.hpp"
#include "attune/nn/copy_gate.hpp"
#include "attune/nn/losses.hpp"

namespace attune::train {
namespace {

// Where dropout's masks stand, behind those of the layers.
constexpr std::size_t kOwnMask = 64;
constexpr std::size_t kAcrossMask = 128;
constexpr std::size_t kOutputMask = 193;

nn::LinearWeights view(const LayerSpans<const float>::Linear& linear) {
  return {linear.weight, linear.bias};
}

nn::LinearGradients view(const LayerSpans<float>::Linear& linear) {
  return {linear.weight, linear.bias};
}

nn::AdditiveAlignmentWeights alignment_weights(const SequenceSpans<const float>& spans) {
  return {view(spans.align_query), view(spans.align_key), spans.compare};
}

nn::RecurrentGradients recurrent_gradients(const SequenceSpans<float>::Recurrent& to) {
  return {view(to.input), view(to.hidden)};
}

// In place: d(tanh x) to d(x), where y = tanh x.
void tanh_backward(std::span<const float> y, std::span<float> d) {
  for (std::size_t i = 0; i < d.size(); ++i) d[i] *= 1 - y[i] * y[i];
}

void apply_tanh(std::span<float> x) {
  for (float& number : x) number = std::tanh(number);
}

}  // namespace

void TrainableSequence::pack(const SequenceShape& shape, std::span<const float> weights, std::size_t threads) {
  const auto spans = sequence_spans(shape, weights);
  encoder.resize(spans.encoder.size());
  own.resize(spans.own.size());
  across.resize(spans.across.size());
  share_out<int>(encoder.size() + 2 * own.size() + 1, threads, {}, [&](std::size_t index, int&) {
    if (index < encoder.size()) return encoder[index].pack(spans.encoder[index]);
    index -= encoder.size();
    if (index < own.size()) return own[index].pack(spans.own[index]);
    index -= own.size();
    if (index < across.size()) return across[index].pack(spans.across[index]);
    if (shape.state_width > 0) states.pack(view(spans.states));
    if (!shape.attends()) bridge.pack(view(spans.bridge));
    combine.pack(view(spans.combine));
    words.pack({spans.target_words, spans.word_bias});
  });
}

void SequencePass::encode(const Job& job, const Spans& spans) {
  const SequenceShape& shape = job.shape;
  if (shape.attends()) {
    encoder_.resize(spans.encoder.size());
    states_nw_ = x_nw_;
    for (std::size_t i = 0; i < encoder_.size(); ++i) {
      encoder_[i].input_kw = states_nw_;
      encoder_[i].forward({shape.layer, job.packed.encoder[i], spans.encoder[i], source_rows_, job.dropout, i},
                          states_nw_, scratch_);
    }
    return;
  }
  const nn::RecurrentWeights both[2] = {recurrent_weights(spans.forward), recurrent_weights(spans.backward)};
  read_ = nn::recurrent({both, true}, {x_nw_, source_offsets_}, {}, true);
  states_nw_ = read_.states_tdh;
  const std::size_t count = job.examples.size();
  const std::size_t half = shape.layer.width / 2;
  fixed_bw_.resize(count * 2 * half);
  for (std::size_t b = 0; b < count; ++b) {
    for (const std::size_t direction : {0U, 1U}) {
      std::copy_n(read_.last.h.data() + (direction * count + b) * half, half,
                  fixed_bw_.data() + (2 * b + direction) * half);
    }
  }
}

void SequencePass::decode(const Job& job, const Spans& spans) {
  const SequenceShape& shape = job.shape;
  if (shape.attends()) {
    own_.resize(spans.own.size());
    across_.resize(spans.across.size());
    decoded_mw_ = y_mw_;
    for (std::size_t i = 0; i < own_.size(); ++i) {
      own_[i].input_kw = decoded_mw_;
      own_[i].forward({shape.layer, job.packed.own[i], spans.own[i], written_rows_, job.dropout, kOwnMask + i},
                      decoded_mw_, scratch_);
      across_[i].input_kw = states_nw_;
      across_[i].stream_rw = decoded_mw_;
      across_[i].forward(
          {shape.layer, job.packed.across[i], spans.across[i], across_rows_, job.dropout, kAcrossMask + i}, decoded_mw_,
          scratch_);
    }
    return;
  }
  first_.h.resize(fixed_bw_.size());
  nn::linear(job.packed.bridge.forward, fixed_bw_, scratch_, first_.h);
  apply_tanh(first_.h);
  const nn::RecurrentWeights decoder = recurrent_weights(spans.decoder);
  told_ = nn::recurrent({std::span(&decoder, 1), false}, {y_mw_, target_offsets_}, first_, true);
  decoded_mw_ = told_.states_tdh;
}

// Contexts beside the decoder's states, and both combined.
void SequencePass::look(const Job& job, const Spans& spans) {
  const std::size_t width = job.shape.layer.width;
  std::vector<float> contexts_mw(decoded_mw_.size());
  if (job.shape.aligns()) {
    keys_nw_.resize(states_nw_.size());
    const auto weights = alignment_weights(spans);
    nn::additive_keys(weights, states_nw_, keys_nw_);
    alignment_.compared_ija.clear();
    nn::additive_alignment(weights, {decoded_mw_, target_offsets_}, {{keys_nw_, source_offsets_}, states_nw_},
                           contexts_mw, &alignment_);
  } else {
    for (std::size_t b = 0; b < job.examples.size(); ++b) {
      for (std::size_t i = target_offsets_[b]; i < target_offsets_[b + 1]; ++i) {
        std::copy_n(fixed_bw_.data() + b * width, width, contexts_mw.data() + i * width);
      }
    }
  }
  both_m2w_.resize(2 * decoded_mw_.size());
  for (std::size_t i = 0; i * width < decoded_mw_.size(); ++i) {
    std::copy_n(decoded_mw_.data() + i * width, width, both_m2w_.data() + 2 * i * width);
    std::copy_n(contexts_mw.data() + i * width, width, both_m2w_.data() + (2 * i + 1) * width);
  }
  combined_mw_.resize(decoded_mw_.size());
  nn::linear(job.packed.combine.forward, both_m2w_, scratch_, combined_mw_);
  apply_tanh(combined_mw_);
  dropped_mw_ = combined_mw_;
  drop(job.dropout, kOutputMask, 0, dropped_mw_);
}

// The loss of each word; its way back up to o_i where gradients are asked for.
double SequencePass::write(const Job& job, const Spans& spans, const Gradients* gradients) {
  const SequenceShape& shape = job.shape;
  const std::size_t width = shape.layer.width;
  const std::size_t words = shape.target_words;
  const std::size_t count = output_ids_.size();
  scores_mv_.resize(count * words);
  nn::linear(job.packed.words.forward, dropped_mw_, scratch_, scores_mv_);
  const bool backward = gradients != nullptr;
  d_scores_mv_.assign(backward ? scores_mv_.size() : 0, 0.0F);
  d_weights_ij_.assign(backward && shape.copies ? alignment_.weights_ij.size() : 0, 0.0F);
  d_combined_mw_.assign(combined_mw_.size(), 0.0F);
  double loss = 0;
  std::size_t cell = 0;  // of the alignment
  for (std::size_t b = 0; b < job.examples.size(); ++b) {
    const SequenceSource& source = *job.examples[b].source;
    const std::size_t rows = source.words.size();
    for (std::size_t i = target_offsets_[b]; i < target_offsets_[b + 1]; ++i) {
      const auto scores = std::span<const float>(scores_mv_).subspan(i * words, words);
      const auto d_scores = backward ? std::span(d_scores_mv_).subspan(i * words, words) : std::span<float>{};
      if (!shape.copies) {
        loss += nn::index_cross_entropy({.scores = scores, .targets = {}, .d_scores = d_scores}, output_ids_[i],
                                        job.smoothing);
        continue;
      }
      const auto o = std::span<const float>(dropped_mw_).subspan(i * width, width);
      nn::CopyGate gate{.gate = spans.gate.bias[0],
                        .vocabulary = scores,
                        .weights = std::span<const float>(alignment_.weights_ij).subspan(cell, rows),
                        .source_words = source.copied};
      for (std::size_t k = 0; k < width; ++k) gate.gate += spans.gate.weight[k] * o[k];
      float d_gate = 0;
      nn::CopyGateGradients to;
      if (backward) to = {&d_gate, d_scores, std::span(d_weights_ij_).subspan(cell, rows)};
      loss += nn::copy_gate_cross_entropy(gate, output_ids_[i], 1, to);
      cell += rows;
      if (!backward) continue;
      gradients->gate.bias[0] += d_gate;
      for (std::size_t k = 0; k < width; ++k) {
        gradients->gate.weight[k] += d_gate * o[k];
        d_combined_mw_[i * width + k] += d_gate * spans.gate.weight[k];
      }
    }
  }
  if (!backward) return loss;
  nn::linear_backward({job.packed.words.backward,
                       dropped_mw_,
                       d_scores_mv_,
                       d_combined_mw_,
                       {gradients->target_words, gradients->word_bias}},
                      backward_scratch_);
  drop(job.dropout, kOutputMask, 0, d_combined_mw_);
  tanh_backward(combined_mw_, d_combined_mw_);
  return loss;
}

void SequencePass::look_backward(const Job& job, const Spans& spans, const Gradients& gradients) {
  const std::size_t width = job.shape.layer.width;
  d_both_m2w_.assign(both_m2w_.size(), 0.0F);
  nn::linear_backward({job.packed.combine.backward, both_m2w_, d_combined_mw_, d_both_m2w_, view(gradients.combine)},
                      backward_scratch_);
  d_decoded_mw_.resize(decoded_mw_.size());
  std::vector<float> d_contexts_mw(decoded_mw_.size());
  for (std::size_t i = 0; i * width < decoded_mw_.size(); ++i) {
    std::copy_n(d_both_m2w_.data() + 2 * i * width, width, d_decoded_mw_.data() + i * width);
    std::copy_n(d_both_m2w_.data() + (2 * i + 1) * width, width, d_contexts_mw.data() + i * width);
  }
  d_states_nw_.assign(states_nw_.size(), 0.0F);
  d_fixed_bw_.assign(fixed_bw_.size(), 0.0F);
  if (!job.shape.aligns()) {
    for (std::size_t b = 0; b < job.examples.size(); ++b) {
      for (std::size_t i = target_offsets_[b]; i < target_offsets_[b + 1]; ++i) {
        for (std::size_t k = 0; k < width; ++k) d_fixed_bw_[b * width + k] += d_contexts_mw[i * width + k];
      }
    }
    return;
  }
  const auto weights = alignment_weights(spans);
  d_keys_nw_.assign(keys_nw_.size(), 0.0F);
  nn::additive_alignment_backward(weights,
                                  {.states_ms = {decoded_mw_, target_offsets_},
                                   .memory = {{keys_nw_, source_offsets_}, states_nw_},
                                   .trace = alignment_,
                                   .d_contexts_mh = d_contexts_mw,
                                   .d_states_ms = d_decoded_mw_,
                                   .d_keys_na = d_keys_nw_,
                                   .d_values_nh = d_states_nw_,
                                   .d_weights_ij = d_weights_ij_},
                                  {view(gradients.align_query), gradients.compare}, backward_scratch_);
  nn::additive_keys_backward(weights, {states_nw_, d_keys_nw_, d_states_nw_, view(gradients.align_key)},
                             backward_scratch_);
}

void SequencePass::decode_backward(const Job& job, const Spans& spans, const Gradients& gradients) {
  const SequenceShape& shape = job.shape;
  if (shape.attends()) {
    d_y_mw_ = d_decoded_mw_;
    for (std::size_t i = own_.size(); i-- > 0;) {
      across_[i].backward(
          {shape.layer, job.packed.across[i], spans.across[i], across_rows_, job.dropout, kAcrossMask + i}, d_y_mw_,
          d_states_nw_, false, gradients.across[i], backward_scratch_);
      std::vector<float> d_input(d_y_mw_.size(), 0.0F);
      own_[i].backward({shape.layer, job.packed.own[i], spans.own[i], written_rows_, job.dropout, kOwnMask + i},
                       d_y_mw_, d_input, false, gradients.own[i], backward_scratch_);
      for (std::size_t k = 0; k < d_input.size(); ++k) d_y_mw_[k] += d_input[k];
    }
    return;
  }
  const nn::RecurrentWeights decoder = recurrent_weights(spans.decoder);
  const nn::RecurrentGradients to = recurrent_gradients(gradients.decoder);
  const nn::RecurrentStack stack{std::span(&decoder, 1), false};
  d_y_mw_.assign(y_mw_.size(), 0.0F);
  nn::RecurrentStates d_first;
  nn::recurrent_backward({.stack = stack,
                          .x_ti = {y_mw_, target_offsets_},
                          .initial = first_,
                          .output = told_,
                          .d_states_tdh = d_decoded_mw_,
                          .gradients = std::span(&to, 1),
                          .d_x_ti = d_y_mw_,
                          .d_initial = &d_first},
                         backward_scratch_);
  tanh_backward(first_.h, d_first.h);
  nn::linear_backward({job.packed.bridge.backward, fixed_bw_, d_first.h, d_fixed_bw_, view(gradients.bridge)},
                      backward_scratch_);
}

void SequencePass::encode_backward(const Job& job, const Spans& spans, const Gradients& gradients) {
  const SequenceShape& shape = job.shape;
  if (shape.attends()) {
    d_x_nw_ = d_states_nw_;
    for (std::size_t i = encoder_.size(); i-- > 0;) {
      std::vector<float> d_input(d_x_nw_.size(), 0.0F);
      encoder_[i].backward({shape.layer, job.packed.encoder[i], spans.encoder[i], source_rows_, job.dropout, i},
                           d_x_nw_, d_input, false, gradients.encoder[i], backward_scratch_);
      for (std::size_t k = 0; k < d_input.size(); ++k) d_x_nw_[k] += d_input[k];
    }
    return;
  }
  const std::size_t count = job.examples.size();
  const std::size_t half = shape.layer.width / 2;
  nn::RecurrentStates d_last;
  d_last.h.resize(2 * count * half);
  for (std::size_t b = 0; b < count; ++b) {
    for (const std::size_t direction : {0U, 1U}) {
      std::copy_n(d_fixed_bw_.data() + (2 * b + direction) * half, half,
                  d_last.h.data() + (direction * count + b) * half);
    }
  }
  const nn::RecurrentWeights both[2] = {recurrent_weights(spans.forward), recurrent_weights(spans.backward)};
  const nn::RecurrentGradients to[2] = {recurrent_gradients(gradients.forward),
                                        recurrent_gradients(gradients.backward)};
  const nn::RecurrentStack stack{both, true};
  const nn::RecurrentStates zeros;
  d_x_nw_.assign(x_nw_.size(), 0.0F);
  nn::recurrent_backward({.stack = stack,
                          .x_ti = {x_nw_, source_offsets_},
                          .initial = zeros,
                          .output = read_,
                          .d_states_tdh = d_states_nw_,
                          .d_last = &d_last,
                          .gradients = to,
                          .d_x_ti = d_x_nw_},
                         backward_scratch_);
}

double SequencePass::run(const Job& job, std::span<float> gradient) {
  if (job.examples.empty()) return 0;
  const Spans spans = sequence_spans(job.shape, job.weights);
  read(job, spans);
  encode(job, spans);
  decode(job, spans);
  look(job, spans);
  if (gradient.empty()) return write(job, spans, nullptr);
  const Gradients gradients = sequence_spans(job.shape, gradient);
  const double loss = write(job, spans, &gradients);
  look_backward(job, spans, gradients);
  decode_backward(job, spans, gradients);
  encode_backward(job, spans, gradients);
  read_backward(job, gradients);
  return loss;
}

}  // namespace attune::train
