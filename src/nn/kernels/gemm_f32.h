// FP32 matrix product, one panel of columns at a time: y = x · b, or y = y + x · b.
//   x  [rows, depth]     in       rows are x_stride apart and the numbers of a row x_step; one of the two must be 1, so
//   that
//                                xᵀ can be read where it stands
//   b  [depth, columns]  in       rows are b_stride apart; readable up to panel_columns_f32() numbers in each row
//   y  [rows, columns]   in, out  rows are y_stride apart
// Every number of y is one sum in the order of depth, so it does not depend on which rows are computed with it.
#pragma once

#include <cstddef>

namespace attune::nn::kernels {

struct GemmF32 {
  const float* x = nullptr;
  std::size_t x_stride = 0;
  std::size_t x_step = 1;
  const float* b = nullptr;
  std::size_t b_stride = 0;
  float* y = nullptr;
  std::size_t y_stride = 0;
  std::size_t rows = 0;
  std::size_t depth = 0;
  std::size_t columns = 0;  // at most panel_columns_f32()
  bool add = true;          // onto what y holds
};

inline constexpr std::size_t kMaxPanelColumns = 32;

std::size_t panel_columns_f32();  // of the level in use: a panel is this wide
void gemm_f32(const GemmF32& job);
void gemm_f32_scalar(const GemmF32& job);
void gemm_f32_simd(const GemmF32& job);
std::size_t panel_columns_f32_simd();

}  // namespace attune::nn::kernels
