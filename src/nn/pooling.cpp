#include <algorithm>
#include <cassert>
#include <cmath>

#include "attune/nn.hpp"
#include "attune/nn/training.hpp"

namespace attune::nn {

void mean_pool(std::span<const float> x_tw, bool weighted, std::span<float> out_w) {
  const std::size_t width = out_w.size();
  const std::size_t tokens = x_tw.size() / width;
  assert(tokens > 0 && tokens * width == x_tw.size());
  std::vector<double> sum_w(width, 0.0);
  double weights = 0;
  for (std::size_t token = 0; token < tokens; ++token) {
    const double weight = weighted ? static_cast<double>(token + 1) : 1.0;
    weights += weight;
    for (std::size_t column = 0; column < width; ++column) {
      sum_w[column] += weight * static_cast<double>(x_tw[token * width + column]);
    }
  }
  for (std::size_t column = 0; column < width; ++column) out_w[column] = static_cast<float>(sum_w[column] / weights);
}

// out = Σ_t weight_t x_t / Σ_t weight_t
void mean_pool_backward(std::span<const float> d_out_w, bool weighted, std::span<float> d_x_tw) {
  const std::size_t width = d_out_w.size();
  const std::size_t tokens = d_x_tw.size() / width;
  assert(tokens * width == d_x_tw.size());
  const double n = static_cast<double>(tokens);
  const double weights = weighted ? n * (n + 1) / 2 : n;
  for (std::size_t token = 0; token < tokens; ++token) {
    const float share = static_cast<float>((weighted ? static_cast<double>(token + 1) : 1.0) / weights);
    for (std::size_t column = 0; column < width; ++column) d_x_tw[token * width + column] += share * d_out_w[column];
  }
}

void first_row_backward(std::span<const float> d_out_w, std::span<float> d_x_tw) {
  assert(d_x_tw.size() >= d_out_w.size());
  for (std::size_t column = 0; column < d_out_w.size(); ++column) d_x_tw[column] += d_out_w[column];
}

void to_unit_length(std::span<float> x) {
  double square = 0;
  for (const float value : x) square += static_cast<double>(value) * static_cast<double>(value);
  const double factor = square > 0 ? 1.0 / std::sqrt(square) : 0.0;
  for (float& value : x) value = static_cast<float>(static_cast<double>(value) * factor);
}

// y = x / |x|: what points along y only changes the length, so d_x = (d_y - (d_y · y) y) / |x|.
void to_unit_length_backward(std::span<const float> x, std::span<float> d) {
  assert(x.size() == d.size());
  double square = 0;
  double along = 0;  // d_y · x
  for (std::size_t i = 0; i < x.size(); ++i) {
    square += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    along += static_cast<double>(d[i]) * static_cast<double>(x[i]);
  }
  if (square <= 0) return std::fill(d.begin(), d.end(), 0.0F);
  const double factor = 1.0 / std::sqrt(square);
  for (std::size_t i = 0; i < x.size(); ++i) {
    d[i] = static_cast<float>((static_cast<double>(d[i]) - along / square * static_cast<double>(x[i])) * factor);
  }
}

void embedding_backward(std::span<const std::uint32_t> ids, std::span<const float> d_y_tw,
                        std::span<float> d_table_vw) {
  if (ids.empty()) return;
  const std::size_t width = d_y_tw.size() / ids.size();
  assert(width * ids.size() == d_y_tw.size() && d_table_vw.size() % width == 0);
  for (std::size_t token = 0; token < ids.size(); ++token) {
    const std::size_t start = std::size_t{ids[token]} * width;
    assert(start + width <= d_table_vw.size());
    for (std::size_t column = 0; column < width; ++column) {
      d_table_vw[start + column] += d_y_tw[token * width + column];
    }
  }
}

}  // namespace attune::nn
