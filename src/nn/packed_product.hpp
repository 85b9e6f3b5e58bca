// One PackedLinear at work: the products of some rows with some of its outputs. The layers of nn put these together.
#pragma once

#include "attune/nn.hpp"

namespace attune::nn {

// Rows of FP32 numbers, `stride` apart.
struct ConstRows {
  const float* data = nullptr;
  std::size_t stride = 0;
  std::size_t count = 0;
};
struct Rows {
  float* data = nullptr;
  std::size_t stride = 0;
};

// Numbers of a row that are quantised together, and so the outputs that a layer should hand on at a time.
std::size_t quantisation_group();
// Groups of a row of `n` numbers.
std::size_t quantisation_groups(std::size_t n);

// Makes room for `rows` rows of `n` numbers.
void reserve_rows(QuantisedRows& to, std::size_t rows, std::size_t n);
// Quantises numbers first … first + n - 1 of rows that have `whole` numbers; first is a multiple of the group.
struct QuantiseJob {
  ConstRows x;  // the n numbers themselves
  std::size_t first = 0;
  std::size_t n = 0;
  std::size_t whole = 0;
  const float* factor = nullptr;
};
void quantise_rows(const QuantiseJob& job, QuantisedRows& to);

class PackedProduct {
 public:
  explicit PackedProduct(const PackedLinear& weights) : weights_(weights) {}

  [[nodiscard]] bool is_i8() const { return weights_.precision_ == Precision::i8; }
  [[nodiscard]] const float* factor() const { return weights_.factor_.empty() ? nullptr : weights_.factor_.data(); }

  // y = bias + x · weightᵀ for outputs first … first + count - 1; first is a multiple of quantisation_group().
  void multiply_f32(const ConstRows& x, std::size_t first, std::size_t count, const Rows& y) const;
  // y += x · weightᵀ: the same without the bias, onto what y holds.
  void add_f32(const ConstRows& x, std::size_t first, std::size_t count, const Rows& y) const;
  void multiply_i8(const QuantisedRows& x, std::size_t rows, std::size_t first, std::size_t count, const Rows& y) const;

 private:
  void write_bias(std::size_t rows, std::size_t first, std::size_t count, const Rows& y) const;

  const PackedLinear& weights_;
};

}  // namespace attune::nn
