// Exact integer matrix product, one panel of columns at a time: y = y + x · w, both sides quantised in groups of
// kQuantGroup inputs, G groups in all.
//   x        [rows, G · 128]          u7: 0 … 127
//   x_scale  [rows, G]  x_zero [rows, G]   a number of x stands for x_scale · (x - x_zero)
//   w        [G, 32, N, 4]            s8 in -64 … 64: group, four inputs in a row, column, input; N =
//   panel_columns_i8() w_scale  [G, N]                   a number of w stands for w_scale · w w_sum    [G, N] w_scale ·
//   the sum of the group's w y        [rows, columns]          in, out; rows are y_stride apart
// Within a group sums are whole numbers and exact at every level. On AVX2 eight products are added in 16 bits before
// they are widened, those of inputs that share a lane (lane_of() says which). So the positive weights of a lane, and
// the negative ones, must add up to no more than kMaxLaneSum: 127 · 258 = 32,766 fits. Eight weights of -64 … 64 hardly
// ever come near that; whoever rounds weights sees to it. Then each group is added to y in FP32:
//   y = x_scale · (sum · w_scale - x_zero · w_sum) + y, one group after the other.
// A row's result therefore never depends on what is computed with it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::nn::kernels {

inline constexpr std::size_t kQuantGroup = 128;
inline constexpr int kMaxActivation = 127;
inline constexpr int kMaxWeight = 64;
inline constexpr int kMaxLaneSum = 258;

// Inputs whose products are added in 16 bits: 8 of each 16 in a row share one of two lanes.
inline constexpr std::size_t kLanesOfGroup = kQuantGroup / 8;
constexpr std::size_t lane_of(std::size_t input_of_group) {
  return input_of_group / 16 * 2 + input_of_group % 4 / 2;
}

struct GemmI8 {
  const std::uint8_t* x = nullptr;
  std::size_t x_stride = 0;
  const float* x_scale = nullptr;
  const float* x_zero = nullptr;
  std::size_t x_scale_stride = 0;
  const std::int8_t* w = nullptr;
  const float* w_scale = nullptr;
  const float* w_sum = nullptr;
  float* y = nullptr;
  std::size_t y_stride = 0;
  std::size_t rows = 0;
  std::size_t groups = 0;
  std::size_t columns = 0;  // at most panel_columns_i8()
};

std::size_t panel_columns_i8();  // of the level in use
void gemm_i8(const GemmI8& job);
void gemm_i8_scalar(const GemmI8& job);  // panels of kScalarPanelColumns
void gemm_i8_avx2(const GemmI8& job);    // 16
void gemm_i8_avx512(const GemmI8& job);  // 32
void gemm_i8_vnni(const GemmI8& job);    // 32

inline constexpr std::size_t kScalarPanelColumns = 16;

}  // namespace attune::nn::kernels
