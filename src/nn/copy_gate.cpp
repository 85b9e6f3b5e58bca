#include "attune/nn/copy_gate.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace attune::nn {
namespace {

constexpr double kLeast = 1e-20;

// log(1 + exp(x)), whichever way is finite.
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

// log Σ exp(logits)
double log_sum(std::span<const float> logits) {
  assert(!logits.empty());
  const double peak = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - peak);
  return peak + std::log(sum);
}

// The two ways to write a word, as logarithms; minus infinity where there is no way.
struct Ways {
  double vocabulary_sum = 0;  // log Σ exp(logits)
  double written = 0;         // log(g · softmax(vocabulary)_word)
  double copied = 0;          // log((1 - g) · Σ_j weights_j)
  bool possible = false;

  [[nodiscard]] double log_probability() const {
    const double peak = std::max(written, copied);
    return peak + std::log(std::exp(written - peak) + std::exp(copied - peak));
  }
};

Ways ways_of(const CopyGate& job, std::uint32_t word) {
  assert(job.weights.size() == job.source_words.size());
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const double gate = static_cast<double>(job.gate);
  Ways ways{.vocabulary_sum = log_sum(job.vocabulary), .written = kNever, .copied = kNever};
  if (word < job.vocabulary.size()) {
    ways.written = static_cast<double>(job.vocabulary[word]) - ways.vocabulary_sum - softplus(-gate);
  }
  double weight = 0;
  bool in_source = false;
  for (std::size_t j = 0; j < job.weights.size(); ++j) {
    if (job.source_words[j] != word) continue;
    weight += static_cast<double>(job.weights[j]);
    in_source = true;
  }
  if (in_source) ways.copied = std::log(std::max(weight, kLeast)) - softplus(gate);
  ways.possible = in_source || word < job.vocabulary.size();
  return ways;
}

}  // namespace

void copy_gate_probabilities(const CopyGate& job, std::span<float> p) {
  assert(p.size() >= job.vocabulary.size() && job.weights.size() == job.source_words.size());
  std::fill(p.begin(), p.end(), 0.0F);
  const double sum = log_sum(job.vocabulary);
  const double written = std::exp(-softplus(-static_cast<double>(job.gate)));
  const double copied = std::exp(-softplus(static_cast<double>(job.gate)));
  for (std::size_t word = 0; word < job.vocabulary.size(); ++word) {
    p[word] = static_cast<float>(written * std::exp(static_cast<double>(job.vocabulary[word]) - sum));
  }
  for (std::size_t j = 0; j < job.weights.size(); ++j) {
    if (job.source_words[j] >= p.size()) continue;
    p[job.source_words[j]] += static_cast<float>(copied * static_cast<double>(job.weights[j]));
  }
}

double copy_gate_log_probability(const CopyGate& job, std::uint32_t word) {
  const Ways ways = ways_of(job, word);
  return ways.possible ? ways.log_probability() : std::log(kLeast);
}

// p = g · v + (1 - g) · c. With the share of p that is written, s = g · v / p:
//   d(-log p) / d gate = g - s,   / d logit_w = s · (softmax_w - [w is the word]),   / d weight_j = -(1 - g) / p
double copy_gate_cross_entropy(const CopyGate& job, std::uint32_t word, double weight,
                               const CopyGateGradients& gradients) {
  const Ways ways = ways_of(job, word);
  if (!ways.possible) return -weight * std::log(kLeast);
  const double log_p = ways.log_probability();
  const double share = std::exp(ways.written - log_p);
  const double gate = static_cast<double>(job.gate);
  if (gradients.gate != nullptr) {
    *gradients.gate += static_cast<float>(weight * (std::exp(-softplus(-gate)) - share));
  }
  for (std::size_t w = 0; w < gradients.vocabulary.size(); ++w) {
    const double softmax = std::exp(static_cast<double>(job.vocabulary[w]) - ways.vocabulary_sum);
    gradients.vocabulary[w] += static_cast<float>(weight * share * (softmax - (w == word ? 1.0 : 0.0)));
  }
  const double d_weight = -weight * std::exp(-softplus(gate) - log_p);
  for (std::size_t j = 0; j < gradients.weights.size(); ++j) {
    if (job.source_words[j] == word) gradients.weights[j] += static_cast<float>(d_weight);
  }
  return -weight * log_p;
}

}  // namespace attune::nn
