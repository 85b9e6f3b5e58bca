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

// Unit vectors of the sentences, one after the other.
Result<std::vector<std::vector<float>>> sentence_vectors(const std::filesystem::path& path) {
  const auto encoder = Encoder::open(path);
  if (!encoder) return encoder.error();
  const ModelDescription& description = (*encoder)->description();
  Encoder::Scratch scratch;
  std::vector<std::vector<float>> vectors;
  for (const std::string_view sentence : kSentences) {
    std::vector<std::int32_t> ids =
        (*encoder)->tokenizer().encode(description.query_prefix + std::string(sentence)).ids;
    ids.resize(std::min(ids.size(), description.max_positions - 2));
    ids.insert(ids.begin(), (*encoder)->begin_id());
    ids.push_back((*encoder)->end_id());
    vectors.emplace_back(description.width);
    (*encoder)->encode(ids, scratch, vectors.back());
  }
  return vectors;
}

double cosine(const std::vector<float>& left, const std::vector<float>& right) {
  const double lengths =
      std::sqrt(static_cast<double>(dot_product(left, left)) * static_cast<double>(dot_product(right, right)));
  return lengths > 0 ? static_cast<double>(dot_product(left, right)) / lengths : 0;
}

std::vector<double> pair_scores(const std::vector<std::vector<float>>& vectors) {
  std::vector<double> scores;
  for (std::size_t left = 0; left < vectors.size(); ++left) {
    for (std::size_t right = left + 1; right < vectors.size(); ++right) {
      scores.push_back(cosine(vectors[left], vectors[right]));
    }
  }
  return scores;
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
  const auto wanted = sentence_vectors(reference);
  if (!wanted) return wanted.error();
  const auto found = sentence_vectors(model);
  if (!found) return found.error();
  ScoreComparison comparison;
  comparison.lowest_cosine = 1;
  for (std::size_t index = 0; index < wanted->size(); ++index) {
    comparison.lowest_cosine = std::min(comparison.lowest_cosine, cosine((*wanted)[index], (*found)[index]));
  }
  const std::vector<double> scores = pair_scores(*wanted);
  comparison.pairs = scores.size();
  comparison.rank_correlation = rank_correlation(scores, pair_scores(*found));
  return comparison;
}

}  // namespace attune
