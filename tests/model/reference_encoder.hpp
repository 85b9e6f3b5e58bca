// An encoder in double precision, written straight from the formulas: the oracle for readers and for the engine.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "model/encoder_weights.hpp"

namespace attune::testing {

using Rows = std::vector<std::vector<double>>;  // [T][W]

class ReferenceEncoder {
 public:
  explicit ReferenceEncoder(const EncoderWeights& weights) : weights_(weights) {}

  // The hidden states behind the embedding and behind each layer.
  std::vector<Rows> hidden_states(std::span<const std::int32_t> ids, std::span<const std::int32_t> types) const {
    Rows x;
    const std::size_t width = weights_.shape.width;
    for (std::size_t token = 0; token < ids.size(); ++token) {
      std::vector<double> row = row_of(weights_.words, static_cast<std::size_t>(ids[token]));
      for (std::size_t column = 0; column < width; ++column) {
        row[column] += static_cast<double>(weights_.positions[token * width + column]);
        if (weights_.token_types.empty()) continue;
        row[column] +=
            static_cast<double>(weights_.token_types[static_cast<std::size_t>(types[token]) * width + column]);
      }
      x.push_back(normed(row, weights_.embedding_norm));
    }
    std::vector<Rows> states = {x};
    for (const LayerParameters& layer : weights_.layers) states.push_back(run(layer, states.back()));
    return states;
  }

  std::vector<double> logits(const Rows& last) const {
    const HeadParameters& head = *weights_.head;
    std::vector<double> x = last[0];
    if (head.dense) x = product(*head.dense, x);
    for (double& value : x) {
      if (head.activation == HeadParameters::Activation::tanh) value = std::tanh(value);
      if (head.activation == HeadParameters::Activation::relu) value = std::max(value, 0.0);
    }
    return product(head.classifier, x);
  }

 private:
  static std::vector<double> row_of(const WeightMatrix& matrix, std::size_t row) {
    std::vector<float> values(matrix.columns);
    read_rows(matrix, row, 1, values);
    return {values.begin(), values.end()};
  }
  static std::vector<double> product(const LinearParameters& linear, const std::vector<double>& x) {
    std::vector<double> y(linear.weight.rows);
    for (std::size_t row = 0; row < y.size(); ++row) {
      const std::vector<double> weights = row_of(linear.weight, row);
      y[row] = static_cast<double>(linear.bias[row]);
      for (std::size_t column = 0; column < x.size(); ++column) y[row] += weights[column] * x[column];
    }
    return y;
  }
  std::vector<double> normed(std::vector<double> x, const NormParameters& norm) const {
    double mean = 0;
    for (const double value : x) mean += value / static_cast<double>(x.size());
    double variance = 0;
    for (const double value : x) variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
    const double root = std::sqrt(variance + static_cast<double>(weights_.shape.epsilon));
    for (std::size_t index = 0; index < x.size(); ++index) {
      x[index] =
          (x[index] - mean) / root * static_cast<double>(norm.scale[index]) + static_cast<double>(norm.shift[index]);
    }
    return x;
  }
  double gelu(double x) const {
    if (weights_.shape.gelu == GeluForm::erf) return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    return x / 2 * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
  }
  static std::vector<double> sum(std::vector<double> x, const std::vector<double>& y) {
    for (std::size_t index = 0; index < x.size(); ++index) x[index] += y[index];
    return x;
  }
  Rows attended(const LayerParameters& layer, const Rows& x) const {
    const std::size_t size = weights_.shape.width / weights_.shape.heads;
    Rows q, k, v;
    for (const std::vector<double>& row : x) {
      q.push_back(product(layer.query, row));
      k.push_back(product(layer.key, row));
      v.push_back(product(layer.value, row));
    }
    Rows out(x.size(), std::vector<double>(weights_.shape.width));
    for (std::size_t start = 0; start < weights_.shape.width; start += size) {
      for (std::size_t t = 0; t < x.size(); ++t) {
        std::vector<double> share(x.size());
        double total = 0;
        for (std::size_t s = 0; s < x.size(); ++s) {
          double score = 0;
          for (std::size_t d = start; d < start + size; ++d) score += q[t][d] * k[s][d];
          share[s] = std::exp(score / std::sqrt(static_cast<double>(size)));
          total += share[s];
        }
        for (std::size_t s = 0; s < x.size(); ++s) {
          for (std::size_t d = start; d < start + size; ++d) out[t][d] += share[s] / total * v[s][d];
        }
      }
    }
    return out;
  }
  Rows run(const LayerParameters& layer, const Rows& x) const {
    const Rows context = attended(layer, x);
    Rows y;
    for (std::size_t t = 0; t < x.size(); ++t) {
      const std::vector<double> middle =
          normed(sum(x[t], product(layer.attention_output, context[t])), layer.attention_norm);
      std::vector<double> inner = product(layer.feed_forward_in, middle);
      for (double& value : inner) value = gelu(value);
      y.push_back(normed(sum(middle, product(layer.feed_forward_out, inner)), layer.output_norm));
    }
    return y;
  }

  const EncoderWeights& weights_;
};

}  // namespace attune::testing
