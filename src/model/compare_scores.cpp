// Do two models put pairs of sentences in the same order?
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attune/core/dot_product.hpp"
#include "attune/model.hpp"

#include "model/rank_correlation.hpp"

namespace attune {
namespace {

// Questions and answers, near and far from each other, in the languages that the shipped models read.
constexpr std::string_view kSentences[] = {
    "How do I configure a static IP address?",
    "Set the address and the gateway in the network settings, then restart the interface.",
    "如何配置静态 IP 地址？",
    "在网络设置中填写地址和网关，然后重启接口。",
    "The animal didn't cross the street because it was too tired.",
    "The cat was exhausted and stayed on its side of the road.",
    "那只动物没有过马路，因为它太累了。",
    "Attention weighs the hidden states of an encoder by an alignment.",
    "注意力机制让模型在生成每个词时关注输入的不同部分。",
    "A recurrent network reads a sentence one word after the other.",
    "Which vitamins are found in oranges?",
    "Citrus fruit is rich in vitamin C.",
    "橙子里有哪些维生素？",
    "The committee postponed the vote until next Tuesday.",
    "委员会把投票推迟到下星期二。",
    "Interest rates were raised by a quarter of a point.",
    "The central bank made borrowing more expensive.",
    "She played the first movement of the sonata from memory.",
    "他凭记忆演奏了奏鸣曲的第一乐章。",
    "Error 0x80070005: access is denied",
    "You need administrator rights to write into this folder.",
    "Boil the pasta for nine minutes and keep a cup of the water.",
    "把面条煮九分钟，留一杯面汤。",
    "Yes."};

// What a model says of the sentences.
struct Answers {
  std::vector<std::vector<float>> vectors;  // [sentences][W]
  std::vector<float> hidden;                // of all sentences' tokens
  std::vector<std::vector<double>> scores;  // [labels, or 1 without a head][pairs]
};

using Inputs = std::vector<ModelInput>;

std::vector<Encoder::Sequence> sequences_of(const Inputs& inputs) {
  std::vector<Encoder::Sequence> sequences;
  for (const ModelInput& input : inputs) sequences.push_back({input.ids, input.types});
  return sequences;
}

// The types of a model that has none are not handed over.
void drop_types(const ModelDescription& model, Inputs& inputs) {
  for (ModelInput& input : inputs) {
    if (model.token_types < 2) input.types.clear();
  }
}

Result<Inputs> sentence_inputs(const Encoder& encoder) {
  const ModelDescription& model = encoder.description();
  Inputs inputs;
  for (const std::string_view sentence : kSentences) {
    const Encoding text = encoder.tokenizer().encode(model.query_prefix + std::string(sentence));
    auto input = build_input(encoder.sequence_template(), text, {.max_tokens = model.max_positions});
    if (!input) return input.error();
    inputs.push_back(std::move(input).value());
  }
  drop_types(model, inputs);
  return inputs;
}

Result<Inputs> pair_inputs(const Encoder& encoder) {
  const ModelDescription& model = encoder.description();
  std::vector<Encoding> texts;
  for (const std::string_view sentence : kSentences) texts.push_back(encoder.tokenizer().encode(sentence));
  Inputs inputs;
  for (std::size_t left = 0; left < texts.size(); ++left) {
    for (std::size_t right = left + 1; right < texts.size(); ++right) {
      auto input =
          build_pair(encoder.sequence_template(), texts[left], texts[right], {.max_tokens = model.max_positions});
      if (!input) return input.error();
      inputs.push_back(std::move(input).value());
    }
  }
  drop_types(model, inputs);
  return inputs;
}

double cosine(const std::vector<float>& left, const std::vector<float>& right) {
  const double lengths =
      std::sqrt(static_cast<double>(dot_product(left, left)) * static_cast<double>(dot_product(right, right)));
  return lengths > 0 ? static_cast<double>(dot_product(left, right)) / lengths : 0;
}

std::vector<double> cosines_of_pairs(const std::vector<std::vector<float>>& vectors) {
  std::vector<double> scores;
  for (std::size_t left = 0; left < vectors.size(); ++left) {
    for (std::size_t right = left + 1; right < vectors.size(); ++right) {
      scores.push_back(cosine(vectors[left], vectors[right]));
    }
  }
  return scores;
}

Status answer_pairs(const Encoder& encoder, Answers& answers) {
  const auto inputs = pair_inputs(encoder);
  if (!inputs) return inputs.error();
  const std::size_t labels = encoder.description().labels.size();
  std::vector<float> logits(inputs->size() * labels);
  if (const Status status = encoder.classify(sequences_of(*inputs), {}, logits); !status) return status;
  answers.scores.resize(labels);
  for (std::size_t index = 0; index < logits.size(); ++index) {
    answers.scores[index % labels].push_back(static_cast<double>(logits[index]));
  }
  return {};
}

Result<Answers> answers_of(const std::filesystem::path& path, nn::Precision precision) {
  const auto encoder = Encoder::open(path, {.precision = precision});
  if (!encoder) return encoder.error();
  const auto inputs = sentence_inputs(**encoder);
  if (!inputs) return inputs.error();
  const std::size_t width = (*encoder)->description().width;
  const std::vector<Encoder::Sequence> sequences = sequences_of(*inputs);
  std::size_t tokens = 0;
  for (const ModelInput& input : *inputs) tokens += input.ids.size();
  Answers answers;
  std::vector<float> vectors(sequences.size() * width);
  if (const Status status = (*encoder)->encode(sequences, {}, vectors); !status) return status.error();
  for (std::size_t row = 0; row < sequences.size(); ++row) {
    const auto first = vectors.begin() + static_cast<std::ptrdiff_t>(row * width);
    answers.vectors.emplace_back(first, first + static_cast<std::ptrdiff_t>(width));
  }
  answers.hidden.resize(tokens * width);
  if (const Status status = (*encoder)->hidden_states(sequences, {}, answers.hidden); !status) return status.error();
  if ((*encoder)->description().labels.empty()) {
    answers.scores = {cosines_of_pairs(answers.vectors)};
  } else if (const Status status = answer_pairs(**encoder, answers); !status) {
    return status.error();
  }
  return answers;
}

double relative_rms(const std::vector<float>& wanted, const std::vector<float>& found) {
  double difference = 0;
  double whole = 0;
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    const double error = static_cast<double>(found[index]) - static_cast<double>(wanted[index]);
    difference += error * error;
    whole += static_cast<double>(wanted[index]) * static_cast<double>(wanted[index]);
  }
  return whole > 0 ? std::sqrt(difference / whole) : 0;
}

// Places in ascending order from 0; equal values share the mean of theirs.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t left, std::size_t right) { return values[left] < values[right]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t place = first; place < end; ++place)
      ranks[order[place]] = static_cast<double>(first + end - 1) / 2;
    first = end;
  }
  return ranks;
}

}  // namespace

double rank_correlation(const std::vector<double>& left, const std::vector<double>& right) {
  const std::vector<double> left_ranks = ranks_of(left);
  const std::vector<double> right_ranks = ranks_of(right);
  const double middle = (static_cast<double>(left.size()) - 1) / 2;
  double both = 0;
  double left_square = 0;
  double right_square = 0;
  for (std::size_t index = 0; index < left.size(); ++index) {
    const double left_offset = left_ranks[index] - middle;
    const double right_offset = right_ranks[index] - middle;
    both += left_offset * right_offset;
    left_square += left_offset * left_offset;
    right_square += right_offset * right_offset;
  }
  const double product = std::sqrt(left_square * right_square);
  return product > 0 ? both / product : 0;
}

Result<ScoreComparison> compare_scores(const std::filesystem::path& reference, const std::filesystem::path& model) {
  const auto wanted = answers_of(reference, nn::Precision::f32);
  if (!wanted) return wanted.error();
  const auto found = answers_of(model, nn::Precision::i8);
  if (!found) return found.error();
  if (wanted->hidden.size() != found->hidden.size() || wanted->scores.size() != found->scores.size()) {
    return Error{ErrorKind::bad_input, "the two models differ in their tokenizer, width or labels"};
  }
  ScoreComparison comparison;
  comparison.pairs = wanted->scores.front().size();
  comparison.lowest_cosine = 1;
  for (std::size_t index = 0; index < wanted->vectors.size(); ++index) {
    comparison.lowest_cosine =
        std::min(comparison.lowest_cosine, cosine(wanted->vectors[index], found->vectors[index]));
  }
  comparison.rank_correlation = 1;
  for (std::size_t label = 0; label < wanted->scores.size(); ++label) {
    comparison.rank_correlation =
        std::min(comparison.rank_correlation, rank_correlation(wanted->scores[label], found->scores[label]));
  }
  comparison.hidden_relative_rms = relative_rms(wanted->hidden, found->hidden);
  return comparison;
}

}  // namespace attune
