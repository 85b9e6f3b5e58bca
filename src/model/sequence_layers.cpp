// Sequence models at work: forward only, and beam search. train/sequence_pass.cpp is the same walk with its way back.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attune/model/sequence.hpp"
#include "attune/nn/alignment.hpp"
#include "attune/nn/copy_gate.hpp"

#include "model/own_layer.hpp"
#include "model/recurrent_influence.hpp"

namespace attune {
namespace {

constexpr auto kPrecision = nn::Precision::f32;

// One source as the decoder sees it.
struct Memory {
  std::size_t rows = 0;
  std::vector<float> states_nw;                // h_j
  std::vector<float> keys_nw;                  // h_j U
  std::vector<float> fixed_w;                  // rnn: c
  std::vector<std::vector<float>> across_n2w;  // transformer: keys and values of each decoder layer
};

// One target on its way.
struct Hypothesis {
  std::vector<GeneratedWord> words;
  double log_probability = 0;
  std::vector<float> state_w;               // of a recurrent decoder
  std::vector<std::vector<float>> own_i2w;  // of each of a transformer's layers: keys and values of what was written
  std::uint32_t last = kBeginWord;

  [[nodiscard]] double score(double length_penalty) const {
    return log_probability / std::pow((5.0 + static_cast<double>(words.size())) / 6.0, length_penalty);
  }
};

// What the decoder says of the next word of each of K hypotheses.
struct Step {
  std::vector<float> combined_kw;  // o_i
  std::vector<float> contexts_kw;  // c_i
  std::vector<float> weights_kn;   // a_ij; empty for an rnn
  std::vector<float> scores_kv;
};

struct Work {
  OwnLayerMemory layer;
  nn::RecurrentStep recurrent;
};

class FileSequenceLayers final : public SequenceLayers {
 public:
  explicit FileSequenceLayers(const SequenceModel& model);
  Result<std::vector<Generated>> generate(const SequenceSource& source, const SequenceSearch& search) const override;
  Result<SequenceTrace> trace(const SequenceSource& source, std::span<const std::uint32_t> words) const override;

 private:
  [[nodiscard]] Status check(const SequenceSource& source) const;
  [[nodiscard]] std::vector<float> embed(const SequenceSource& source, Work& work) const;
  [[nodiscard]] Memory encode(std::vector<float> x_nw, Work& work) const;
  [[nodiscard]] Hypothesis begin(const Memory& memory) const;
  void remember(std::span<const float> x_nw, SequenceTrace& trace) const;
  void advance(const Memory& memory, std::span<Hypothesis> hypotheses, std::span<float> states_kw, Work& work,
               std::vector<std::vector<float>>* across) const;
  [[nodiscard]] Step step(const Memory& memory, std::span<Hypothesis> hypotheses, Work& work,
                          std::vector<std::vector<float>>* across = nullptr) const;
  // Probabilities of all words for hypothesis k: V, and the source's extra ones.
  [[nodiscard]] std::vector<float> probabilities(const SequenceSource& source, const Step& step, std::size_t k,
                                                 float& generated) const;
  [[nodiscard]] GeneratedWord written(const Step& step, std::size_t k, std::uint32_t word, double probability,
                                      float generated) const;

  SequenceShape shape_;
  std::vector<float> weights_;
  SequenceSpans<const float> spans_;
  std::vector<OwnLayer> encoder_, own_, across_;
  nn::PackedLinear states_, bridge_, combine_, words_;
};

nn::PackedLinear packed(const SequenceSpans<const float>::Linear& from) {
  return nn::PackedLinear::pack({from.weight, from.bias}, kPrecision);
}

FileSequenceLayers::FileSequenceLayers(const SequenceModel& model)
    : shape_(model.shape), weights_(model.weights), spans_(sequence_spans(shape_, std::span<const float>(weights_))) {
  const auto pack_layers = [this](const std::vector<LayerSpans<const float>>& from, std::vector<OwnLayer>& to) {
    for (const auto& layer : from) to.push_back(OwnLayer::pack(shape_.layer, layer, kPrecision, {}, {}));
  };
  pack_layers(spans_.encoder, encoder_);
  pack_layers(spans_.own, own_);
  pack_layers(spans_.across, across_);
  if (shape_.state_width > 0) states_ = packed(spans_.states);
  if (!spans_.bridge.bias.empty()) bridge_ = packed(spans_.bridge);
  combine_ = packed(spans_.combine);
  words_ = packed({spans_.target_words, spans_.word_bias});
}

Status FileSequenceLayers::check(const SequenceSource& source) const {
  const std::size_t rows = source.words.size();
  if (rows == 0) return Error{ErrorKind::bad_input, "there is nothing to read"};
  if (rows > kMostSequenceRows) {
    return Error{ErrorKind::too_large, "the source has more than " + std::to_string(kMostSequenceRows) + " words"};
  }
  const bool fits = source.states.size() == rows * shape_.state_width &&
                    (shape_.turns == 1 || source.turns.size() == rows) &&
                    (!shape_.copies || source.copied.size() == rows) &&
                    std::ranges::all_of(source.words, [&](std::uint32_t word) { return word < shape_.source_words; });
  if (!fits) return Error{ErrorKind::bad_input, "the source does not fit the model"};
  return {};
}

std::vector<float> FileSequenceLayers::embed(const SequenceSource& source, Work& work) const {
  const std::size_t width = shape_.layer.width;
  const float scale = embedding_scale(width);
  std::vector<float> x_nw(source.words.size() * width, 0.0F);
  if (shape_.state_width > 0) nn::linear(states_, source.states, work.layer.nn, x_nw);
  for (std::size_t row = 0; row < source.words.size(); ++row) {
    float* const x = x_nw.data() + row * width;
    const float* const word = spans_.source_words.data() + source.words[row] * width;
    for (std::size_t i = 0; i < width; ++i) x[i] += scale * word[i];
    if (shape_.turns == 1) continue;
    const float* const turn = spans_.turns.data() + std::min<std::size_t>(source.turns[row], shape_.turns - 1) * width;
    for (std::size_t i = 0; i < width; ++i) x[i] += turn[i];
  }
  if (shape_.attends()) add_positions(x_nw, width);
  return x_nw;
}

Memory FileSequenceLayers::encode(std::vector<float> x_nw, Work& work) const {
  const std::size_t width = shape_.layer.width;
  Memory memory;
  memory.rows = x_nw.size() / width;
  if (shape_.attends()) {
    const LayerRows all{0, memory.rows, 0, memory.rows};
    for (const OwnLayer& layer : encoder_) {
      const std::vector<float> input = x_nw;
      layer.run(std::span(&all, 1), input, x_nw, work.layer);
    }
    memory.states_nw = std::move(x_nw);
    for (const OwnLayer& layer : across_) {
      layer.keys(memory.states_nw, memory.across_n2w.emplace_back(2 * memory.states_nw.size()), work.layer);
    }
  } else {
    const nn::RecurrentWeights both[2] = {recurrent_weights(spans_.forward), recurrent_weights(spans_.backward)};
    const std::size_t offsets[2] = {0, memory.rows};
    auto read = nn::recurrent({both, true}, {x_nw, offsets});
    memory.states_nw = std::move(read.states_tdh);
    memory.fixed_w = std::move(read.last.h);
  }
  if (shape_.aligns()) {
    memory.keys_nw.resize(memory.states_nw.size());
    nn::additive_keys({.query = {}, .key = {spans_.align_key.weight, spans_.align_key.bias}, .compare = spans_.compare},
                      memory.states_nw, memory.keys_nw);
  }
  return memory;
}

Hypothesis FileSequenceLayers::begin(const Memory& memory) const {
  Hypothesis hypothesis;
  hypothesis.own_i2w.resize(own_.size());
  if (shape_.attends()) return hypothesis;
  nn::Scratch scratch;
  hypothesis.state_w.resize(shape_.layer.width);
  nn::linear(bridge_, memory.fixed_w, scratch, hypothesis.state_w);
  for (float& number : hypothesis.state_w) number = std::tanh(number);
  return hypothesis;
}

// The decoder's states s_i [K, W] once the last word of each hypothesis was read. All are equally long.
void FileSequenceLayers::advance(const Memory& memory, std::span<Hypothesis> hypotheses, std::span<float> states_kw,
                                 Work& work, std::vector<std::vector<float>>* across) const {
  const std::size_t width = shape_.layer.width;
  const float scale = embedding_scale(width);
  for (std::size_t k = 0; k < hypotheses.size(); ++k) {
    const std::size_t word = std::min<std::size_t>(hypotheses[k].last, shape_.target_words) == shape_.target_words
                                 ? kUnknownWord
                                 : hypotheses[k].last;
    for (std::size_t i = 0; i < width; ++i) {
      states_kw[k * width + i] = scale * spans_.target_words[word * width + i];
    }
  }
  if (!shape_.attends()) {
    const nn::RecurrentWeights decoder = recurrent_weights(spans_.decoder);
    for (std::size_t k = 0; k < hypotheses.size(); ++k) {
      const std::span<float> row = states_kw.subspan(k * width, width);
      nn::recurrent_step(decoder, row, {hypotheses[k].state_w, {}}, work.recurrent);
      std::ranges::copy(hypotheses[k].state_w, row.begin());
    }
    return;
  }
  for (std::size_t k = 0; k < hypotheses.size(); ++k) {
    add_positions(states_kw.subspan(k * width, width), width, hypotheses[k].words.size());
  }
  for (std::size_t layer = 0; layer < own_.size(); ++layer) {
    std::vector<float> newest_k2w(2 * states_kw.size());
    own_[layer].keys(states_kw, newest_k2w, work.layer);
    std::vector<float> kept;
    std::vector<LayerRows> to_own;
    std::vector<LayerRows> to_source;
    for (std::size_t k = 0; k < hypotheses.size(); ++k) {
      std::vector<float>& cache = hypotheses[k].own_i2w[layer];
      const auto newest = std::span(newest_k2w).subspan(k * 2 * width, 2 * width);
      cache.insert(cache.end(), newest.begin(), newest.end());
      to_own.push_back({k, 1, kept.size() / (2 * width), cache.size() / (2 * width)});
      to_source.push_back({k, 1, 0, memory.rows});
      kept.insert(kept.end(), cache.begin(), cache.end());
    }
    own_[layer].run_with_keys(to_own, kept, states_kw, work.layer);
    across_[layer].run_with_keys(to_source, memory.across_n2w[layer], states_kw, work.layer,
                                 across != nullptr ? &(*across)[layer] : nullptr);
  }
}

Step FileSequenceLayers::step(const Memory& memory, std::span<Hypothesis> hypotheses, Work& work,
                              std::vector<std::vector<float>>* across) const {
  const std::size_t width = shape_.layer.width;
  const std::size_t count = hypotheses.size();
  Step step;
  std::vector<float> states_kw(count * width);
  advance(memory, hypotheses, states_kw, work, across);
  step.contexts_kw.resize(count * width);
  std::vector<float> both(2 * count * width);
  for (std::size_t k = 0; k < count; ++k) {
    const std::span<const float> state = std::span(states_kw).subspan(k * width, width);
    const std::span<float> context = std::span(step.contexts_kw).subspan(k * width, width);
    if (shape_.aligns()) {
      const std::size_t one[2] = {0, 1};
      const std::size_t all[2] = {0, memory.rows};
      nn::AlignmentTrace trace;
      nn::additive_alignment(
          {.query = {spans_.align_query.weight, spans_.align_query.bias}, .key = {}, .compare = spans_.compare},
          {state, one}, {{memory.keys_nw, all}, memory.states_nw}, context, &trace);
      step.weights_kn.insert(step.weights_kn.end(), trace.weights_ij.begin(), trace.weights_ij.end());
    } else {
      std::ranges::copy(memory.fixed_w, context.begin());
    }
    std::ranges::copy(state, both.begin() + static_cast<std::ptrdiff_t>(2 * k * width));
    std::ranges::copy(context, both.begin() + static_cast<std::ptrdiff_t>((2 * k + 1) * width));
  }
  step.combined_kw.resize(count * width);
  nn::linear(combine_, both, work.layer.nn, step.combined_kw);
  for (float& number : step.combined_kw) number = std::tanh(number);
  step.scores_kv.resize(count * shape_.target_words);
  nn::linear(words_, step.combined_kw, work.layer.nn, step.scores_kv);
  return step;
}

std::vector<float> FileSequenceLayers::probabilities(const SequenceSource& source, const Step& step, std::size_t k,
                                                     float& generated) const {
  const std::size_t width = shape_.layer.width;
  const auto scores = std::span(step.scores_kv).subspan(k * shape_.target_words, shape_.target_words);
  std::vector<float> p(shape_.target_words + (shape_.copies ? source.extra_words : 0));
  nn::CopyGate gate{.gate = 1e4F, .vocabulary = scores, .weights = {}, .source_words = {}};
  if (shape_.copies) {
    const std::size_t rows = source.words.size();
    gate.gate = spans_.gate.bias[0];
    for (std::size_t i = 0; i < width; ++i) gate.gate += spans_.gate.weight[i] * step.combined_kw[k * width + i];
    gate.weights = std::span(step.weights_kn).subspan(k * rows, rows);
    gate.source_words = source.copied;
  }
  generated = 1 / (1 + std::exp(-gate.gate));
  nn::copy_gate_probabilities(gate, p);
  return p;
}

GeneratedWord FileSequenceLayers::written(const Step& step, std::size_t k, std::uint32_t word, double probability,
                                          float generated) const {
  const std::size_t width = shape_.layer.width;
  const std::size_t count = step.combined_kw.size() / width;
  const std::size_t rows = step.weights_kn.size() / count;
  const auto weights = std::span(step.weights_kn).subspan(k * rows, rows);
  const auto context = std::span(step.contexts_kw).subspan(k * width, width);
  return {word, probability, generated, {weights.begin(), weights.end()}, {context.begin(), context.end()}};
}

Result<std::vector<Generated>> FileSequenceLayers::generate(const SequenceSource& source,
                                                            const SequenceSearch& search) const {
  if (const Status fits = check(source); !fits) return fits.error();
  struct Candidate {
    std::size_t from = 0;
    std::uint32_t word = 0;
    double probability = 0;
    double log_probability = 0;
    float generated = 1;
  };
  const std::size_t beam = std::max<std::size_t>(search.beam, 1);
  Work work;
  const Memory memory = encode(embed(source, work), work);
  std::vector<Hypothesis> open{begin(memory)};
  std::vector<Hypothesis> done;
  const auto better = [&](const Hypothesis& a, const Hypothesis& b) {
    return a.score(search.length_penalty) > b.score(search.length_penalty);
  };
  for (std::size_t length = 0; length <= search.most_words && !open.empty() && done.size() < beam; ++length) {
    const Step step = this->step(memory, open, work);
    std::vector<Candidate> candidates;
    for (std::size_t k = 0; k < open.size(); ++k) {
      float generated = 1;
      const std::vector<float> p = probabilities(source, step, k, generated);
      for (std::uint32_t word = 0; word < p.size(); ++word) {
        const bool must_end = length == search.most_words;
        if (word == kBeginWord || word == kUnknownWord || (must_end && word != kEndWord)) continue;
        const auto likely = std::max(static_cast<double>(p[word]), 1e-30);
        candidates.push_back({k, word, likely, open[k].log_probability + std::log(likely), generated});
      }
    }
    // Ties by the order in which they came.
    const auto kept = std::min(beam, candidates.size());
    std::ranges::partial_sort(candidates, candidates.begin() + static_cast<std::ptrdiff_t>(kept),
                              [](const Candidate& a, const Candidate& b) {
                                if (a.log_probability != b.log_probability)
                                  return a.log_probability > b.log_probability;
                                return a.from != b.from ? a.from < b.from : a.word < b.word;
                              });
    candidates.resize(kept);
    std::vector<Hypothesis> next;
    for (const Candidate& candidate : candidates) {
      Hypothesis hypothesis = open[candidate.from];
      hypothesis.log_probability = candidate.log_probability;
      if (candidate.word == kEndWord) {
        done.push_back(std::move(hypothesis));
        continue;
      }
      hypothesis.words.push_back(
          written(step, candidate.from, candidate.word, candidate.probability, candidate.generated));
      hypothesis.last = candidate.word;
      next.push_back(std::move(hypothesis));
    }
    open = std::move(next);
  }
  std::ranges::stable_sort(done, better);
  std::vector<Generated> all;
  for (Hypothesis& hypothesis : done) {
    if (all.size() == beam) break;
    all.push_back({std::move(hypothesis.words), hypothesis.log_probability});
  }
  return all;
}

// What the encoder's forward direction keeps of each word.
void FileSequenceLayers::remember(std::span<const float> x_nw, SequenceTrace& trace) const {
  const nn::RecurrentWeights forward = recurrent_weights(spans_.forward);
  const std::size_t half = shape_.layer.width / 2;
  const std::size_t offsets[2] = {0, x_nw.size() / shape_.layer.width};
  const auto read = nn::recurrent({std::span(&forward, 1), false}, {x_nw, offsets}, {}, true);
  const nn::RecurrentTrace& steps = read.traces.front();
  trace.forward_nh = steps.states_th;
  for (std::size_t t = 0; t < offsets[1]; ++t) {
    const auto z = std::span(steps.gates_tgh).subspan(t * 3 * half + half, half);
    trace.kept_n.push_back(std::accumulate(z.begin(), z.end(), 0.0F) / static_cast<float>(half));
  }
  trace.influence_nn = recurrent_influence(forward, x_nw, steps);
}

Result<SequenceTrace> FileSequenceLayers::trace(const SequenceSource& source,
                                                std::span<const std::uint32_t> words) const {
  if (const Status fits = check(source); !fits) return fits.error();
  const std::size_t limit = shape_.target_words + (shape_.copies ? source.extra_words : 0);
  Work work;
  SequenceTrace trace;
  std::vector<float> x_nw = embed(source, work);
  if (!shape_.attends()) remember(x_nw, trace);
  const Memory memory = encode(std::move(x_nw), work);
  Hypothesis hypothesis = begin(memory);
  std::vector<std::vector<std::vector<float>>> across;  // word by word, layer by layer [H, N]
  for (std::size_t i = 0; i <= words.size(); ++i) {
    const std::uint32_t word = i < words.size() ? words[i] : kEndWord;
    if (word >= limit) return Error{ErrorKind::bad_input, "a word to write is neither known nor in the source"};
    auto& layers = across.emplace_back(across_.size());
    const Step step = this->step(memory, std::span(&hypothesis, 1), work, &layers);
    float generated = 1;
    const auto p = static_cast<double>(probabilities(source, step, 0, generated)[word]);
    hypothesis.words.push_back(written(step, 0, word, p, generated));
    hypothesis.last = word;
  }
  const std::size_t rows = memory.rows;
  for (std::size_t layer = 0; layer < across_.size(); ++layer) {
    std::vector<float>& out = trace.across_hmn.emplace_back();
    for (std::size_t head = 0; head < shape_.layer.heads; ++head) {
      for (const auto& layers : across) {
        const auto row = std::span(layers[layer]).subspan(head * rows, rows);
        out.insert(out.end(), row.begin(), row.end());
      }
    }
  }
  trace.words = std::move(hypothesis.words);
  trace.states_nw = memory.states_nw;
  return trace;
}

}  // namespace

std::unique_ptr<SequenceLayers> SequenceLayers::pack(const SequenceModel& model) {
  return std::make_unique<FileSequenceLayers>(model);
}

}  // namespace attune
