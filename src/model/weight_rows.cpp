// Rows of a matrix as FP32, whatever the file keeps. Compiled with -O3 (CMakeLists.txt): the loops below are written so
// that the compiler turns them into vector instructions that every x86-64 has.
#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "attune/nn.hpp"

#include "model/write_model.hpp"

namespace attune {
namespace {

constexpr std::size_t kTile = 16;

float from_bf16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16U);
}

// Exact, and without a branch: the 15 bits under the sign are moved to FP32's place and multiplied by 2^112, which
// corrects the exponent and makes subnormals normal; what was infinite or NaN gets FP32's exponent for that.
float from_f16(std::uint16_t half) {
  const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7FFFU) << 13U;
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  const std::uint32_t finite = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112F);
  const std::uint32_t special = 0U - static_cast<std::uint32_t>(magnitude >= (0x7C00U << 13U));  // all ones if so
  return std::bit_cast<float>(sign | finite | (special & 0x7F800000U));
}

template <typename From>
From load(const std::uint8_t* bytes, std::size_t index) {
  From value;
  std::memcpy(&value, bytes + index * sizeof(From), sizeof(From));
  return value;
}

// to[i] = convert(the i-th number of `bytes`)
template <typename From, typename Convert>
void convert_all(const std::uint8_t* bytes, std::size_t count, Convert convert, float* to) {
  for (std::size_t index = 0; index < count; ++index) to[index] = convert(load<From>(bytes, index));
}

// Rows out of [columns, rows], in tiles, so that both sides stay in the cache.
template <typename From, typename Convert>
void convert_transposed(const WeightMatrix& matrix, std::size_t first, std::size_t count, Convert convert, float* to) {
  for (std::size_t column = 0; column < matrix.columns; column += kTile) {
    const std::size_t column_end = std::min(column + kTile, matrix.columns);
    for (std::size_t row = 0; row < count; row += kTile) {
      const std::size_t row_end = std::min(row + kTile, count);
      for (std::size_t c = column; c < column_end; ++c) {
        const std::uint8_t* from = matrix.bytes.data() + (c * matrix.rows + first) * sizeof(From);
        for (std::size_t r = row; r < row_end; ++r) to[r * matrix.columns + c] = convert(load<From>(from, r));
      }
    }
  }
}

template <typename From, typename Convert>
void convert_rows(const WeightMatrix& matrix, std::size_t first, std::size_t count, Convert convert, float* to) {
  if (matrix.transposed) {
    convert_transposed<From>(matrix, first, count, convert, to);
  } else {
    const std::uint8_t* from = matrix.bytes.data() + first * matrix.columns * sizeof(From);
    convert_all<From>(from, count * matrix.columns, convert, to);
  }
}

void scale_rows(const WeightMatrix& matrix, std::size_t first, std::size_t count, float* to) {
  for (std::size_t row = 0; row < count; ++row) {
    const auto scale = load<float>(matrix.row_scales.data(), first + row);
    const std::uint8_t* from = matrix.bytes.data() + (first + row) * matrix.columns;
    const auto convert = [scale](std::int8_t value) { return static_cast<float>(value) * scale; };
    convert_all<std::int8_t>(from, matrix.columns, convert, to + row * matrix.columns);
  }
}

}  // namespace

bool is_within(std::span<const std::uint8_t> values, int limit) {
  // The sign bit flipped, numbers stand in unsigned order, which every x86-64 finds the extremes of sixteen at a time.
  std::uint8_t lowest = 255;
  std::uint8_t highest = 0;
  for (const std::uint8_t value : values) {
    const auto place = static_cast<std::uint8_t>(value ^ 0x80U);
    lowest = std::min(lowest, place);
    highest = std::max(highest, place);
  }
  return values.empty() || (128 - lowest <= limit && highest - 128 <= limit);
}

void read_rows(const WeightMatrix& matrix, std::size_t first, std::size_t count, std::span<float> out) {
  assert(first + count <= matrix.rows && out.size() == count * matrix.columns);
  assert(!matrix.transposed || (matrix.type != NumberType::q4 && matrix.type != NumberType::i8));
  switch (matrix.type) {
    case NumberType::f32:
      return convert_rows<float>(
          matrix, first, count, [](float value) { return value; }, out.data());
    case NumberType::f16:
      return convert_rows<std::uint16_t>(matrix, first, count, from_f16, out.data());
    case NumberType::bf16:
      return convert_rows<std::uint16_t>(matrix, first, count, from_bf16, out.data());
    case NumberType::i8:
      return scale_rows(matrix, first, count, out.data());
    case NumberType::q4: {
      const std::size_t row_bytes = matrix.columns / nn::kQ4BlockWeights * nn::kQ4BlockBytes;
      return nn::unpack_q4(matrix.bytes.subspan(first * row_bytes, count * row_bytes), out);
    }
  }
}

}  // namespace attune
