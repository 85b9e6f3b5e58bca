// Any model as our own file, version 2.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"

#include "model/read_model.hpp"

namespace attune {

// The largest value that a weight has in int8. -128 has no counterpart and is not used. What the kernels multiply with
// is rounded once more when the model is loaded (nn::PackedLinear), so the file keeps as much as a byte holds.
inline constexpr int kMaxWeight = 127;

// True if every int8 value is from -limit to limit.
bool is_within(std::span<const std::uint8_t> values, int limit);

struct QuantisedRows {
  std::vector<std::int8_t> values;  // [rows, columns]
  std::vector<float> scales;        // [rows]
  double squared_error = 0;         // summed over all weights
  double squared_weights = 0;
};
// Symmetric, one scale for each row, rounding to nearest: value = round(weight / scale), scale = row's peak / limit.
// Fails with corrupt on a weight that is not finite, naming `name`.
Result<QuantisedRows> quantise_rows(const WeightMatrix& matrix, int limit, const std::string& name);

struct WrittenModel {
  std::string bytes;                    // the whole file
  std::vector<ConversionError> errors;  // the word table, then each layer; empty for FP32
};
// Fails with corrupt on a weight that is not finite, naming the tensor as our file calls it.
Result<WrittenModel> write_own_model(const ModelParts& parts, WeightPrecision precision);

}  // namespace attune
