// The layers' definitions in FP64, as plain as they can be written: what finite differences are taken of.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "nn/finite_differences.hpp"

namespace attune::nn::testing {

inline Numbers linear_of(const Numbers& x, const Numbers& weight, const Numbers& bias) {
  const std::size_t out = bias.size();
  const std::size_t in = weight.size() / out;
  Numbers y;
  for (std::size_t start = 0; start < x.size(); start += in) {
    for (std::size_t o = 0; o < out; ++o) {
      double sum = bias[o];
      for (std::size_t i = 0; i < in; ++i) sum += x[start + i] * weight[o * in + i];
      y.push_back(sum);
    }
  }
  return y;
}

inline double gelu_of(double x) {
  return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
}

inline double tanh_gelu_of(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

inline Numbers softmax_of(const Numbers& scores, double scale = 1) {
  const double peak = *std::max_element(scores.begin(), scores.end());
  Numbers weights;
  double sum = 0;
  for (const double score : scores) sum += weights.emplace_back(std::exp((score - peak) * scale));
  for (double& weight : weights) weight /= sum;
  return weights;
}

inline Numbers layer_norm_of(const Numbers& v, const Numbers& scale, const Numbers& shift, double epsilon) {
  const std::size_t width = scale.size();
  Numbers y;
  for (std::size_t start = 0; start < v.size(); start += width) {
    double mean = 0;
    double variance = 0;
    for (std::size_t i = 0; i < width; ++i) mean += v[start + i] / static_cast<double>(width);
    for (std::size_t i = 0; i < width; ++i) variance += std::pow(v[start + i] - mean, 2) / static_cast<double>(width);
    for (std::size_t i = 0; i < width; ++i) {
      y.push_back((v[start + i] - mean) / std::sqrt(variance + epsilon) * scale[i] + shift[i]);
    }
  }
  return y;
}

// q [Q, W], kv [T, 2 W] → [Q, W]
inline Numbers attention_of(const Numbers& q, const Numbers& kv, std::size_t heads, std::size_t width) {
  const std::size_t size = width / heads;
  const std::size_t tokens = kv.size() / (2 * width);
  Numbers out(q.size(), 0.0);
  for (std::size_t row = 0; row < q.size() / width; ++row) {
    for (std::size_t head = 0; head < heads; ++head) {
      Numbers scores(tokens, 0.0);
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t d = head * size; d < (head + 1) * size; ++d) {
          scores[t] += q[row * width + d] * kv[t * 2 * width + d];
        }
      }
      const Numbers weights = softmax_of(scores, 1 / std::sqrt(static_cast<double>(size)));
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t d = head * size; d < (head + 1) * size; ++d) {
          out[row * width + d] += weights[t] * kv[t * 2 * width + width + d];
        }
      }
    }
  }
  return out;
}

inline Numbers mean_of(const Numbers& x, std::size_t width, bool weighted) {
  Numbers mean(width, 0.0);
  double weights = 0;
  for (std::size_t token = 0; token * width < x.size(); ++token) {
    const double weight = weighted ? static_cast<double>(token + 1) : 1.0;
    weights += weight;
    for (std::size_t i = 0; i < width; ++i) mean[i] += weight * x[token * width + i];
  }
  for (double& value : mean) value /= weights;
  return mean;
}

inline Numbers unit_of(const Numbers& x) {
  double square = 0;
  for (const double value : x) square += value * value;
  Numbers unit = x;
  for (double& value : unit) value /= std::sqrt(square);
  return unit;
}

}  // namespace attune::nn::testing
