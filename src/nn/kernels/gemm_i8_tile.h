// The tile that all vector versions of gemm_i8 share. Each gemm_i8_<level>.cpp defines `Lanes` (its vectors and one
// multiply-add step) and includes this; everything is in an anonymous namespace, because each file is compiled for
// another processor.
#pragma once

#include "nn/kernels/gemm_i8.h"
#include "nn/kernels/peak.h"

namespace attune::nn::kernels {
namespace {

constexpr std::size_t kPanel = 2 * Lanes::kColumns;

// R rows next to a whole panel: whole-number sums of one group in registers, then onto y. The first tile of a panel
// asks for the next panel's memory: with few rows, a panel is through before the processor has noticed what comes.
template <std::size_t R, bool kFetchNext>
inline void run_tile(const GemmI8& job, std::size_t row, float* y, std::size_t y_stride) {
  const std::uint8_t* x = job.x + row * job.x_stride;
  const float* x_scale = job.x_scale + row * job.x_scale_stride;
  const float* x_zero = job.x_zero + row * job.x_scale_stride;
  const std::int8_t* w = job.w;
  for (std::size_t g = 0; g < job.groups; ++g) {
    Lanes::Ints left[R];
    Lanes::Ints right[R];
    for (std::size_t r = 0; r < R; ++r) left[r] = right[r] = Lanes::zero();
    for (std::size_t k = 0; k < kQuantGroup; k += 8) {
      const Lanes::Ints left_0 = Lanes::load(w);
      const Lanes::Ints right_0 = Lanes::load(w + 4 * Lanes::kColumns);
      const Lanes::Ints left_1 = Lanes::load(w + 8 * Lanes::kColumns);
      const Lanes::Ints right_1 = Lanes::load(w + 12 * Lanes::kColumns);
      for (std::size_t r = 0; r < R; ++r) {
        const Lanes::Ints x_0 = Lanes::broadcast(x + r * job.x_stride + k);
        const Lanes::Ints x_1 = Lanes::broadcast(x + r * job.x_stride + k + 4);
        left[r] = Lanes::add_products(left[r], x_0, left_0, x_1, left_1);
        right[r] = Lanes::add_products(right[r], x_0, right_0, x_1, right_1);
      }
      if constexpr (kFetchNext) {
        for (std::size_t line = 0; line < 16 * Lanes::kColumns; line += 64) {
          __builtin_prefetch(w + job.groups * kQuantGroup * kPanel + line);
        }
      }
      w += 16 * Lanes::kColumns;
    }
    const float* scale = job.w_scale + g * kPanel;
    const float* sum = job.w_sum + g * kPanel;
    for (std::size_t r = 0; r < R; ++r) {
      const float s = x_scale[r * job.x_scale_stride + g];
      const float z = x_zero[r * job.x_scale_stride + g];
      Lanes::add_group(y + r * y_stride, left[r], {scale, sum, s, z});
      Lanes::add_group(y + r * y_stride + Lanes::kColumns, right[r],
                       {scale + Lanes::kColumns, sum + Lanes::kColumns, s, z});
    }
    x += kQuantGroup;
    // Keeps y in memory between groups: held in registers, it would push the sums of the inner loop out of them.
    __asm__ volatile("" ::: "memory");
  }
}

// A narrower last panel goes through memory of its own: nothing behind `columns` may be written.
template <std::size_t R, bool kFetchNext>
inline void run_rows(const GemmI8& job, std::size_t row) {
  float* y = job.y + row * job.y_stride;
  if (job.columns == kPanel) return run_tile<R, kFetchNext>(job, row, y, job.y_stride);
  float tile[R * kPanel] = {};
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t c = 0; c < job.columns; ++c) tile[r * kPanel + c] = y[r * job.y_stride + c];
  }
  run_tile<R, kFetchNext>(job, row, tile, kPanel);
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t c = 0; c < job.columns; ++c) y[r * job.y_stride + c] = tile[r * kPanel + c];
  }
}

template <std::size_t R>
inline void run_rest(const GemmI8& job, std::size_t row) {
  if constexpr (R > 0) {
    if (job.rows - row == R) return run_rows<R, false>(job, row);
    run_rest<R - 1>(job, row);
  }
}

// The inner step of run_tile with everything in registers.
inline std::size_t run_peak(std::size_t steps) {
  constexpr std::size_t kChains = 8;
  Lanes::Ints x = Lanes::zero();
  Lanes::Ints w = Lanes::zero();
  Lanes::Ints sums[kChains];
  for (Lanes::Ints& sum : sums) sum = Lanes::zero();
  for (std::size_t step = 0; step < steps; ++step) {
    // The compiler must take both for new each time, or it would do the products once.
    for (Lanes::Ints& sum : sums) {
      __asm__ volatile("" : "+v"(x), "+v"(w));
      Lanes::Ints x_1 = x;
      __asm__ volatile("" : "+v"(x_1));
      sum = Lanes::add_products(sum, x, w, x_1, w);
    }
  }
  for (const Lanes::Ints& sum : sums) {
    std::int32_t first;
    __builtin_memcpy(&first, &sum, sizeof first);
    peak_sink_i8 = first;
  }
  return kChains * Lanes::kColumns * 8;
}

inline void run_all(const GemmI8& job) {
  std::size_t row = 0;
  if (job.rows >= Lanes::kTileRows) {
    run_rows<Lanes::kTileRows, true>(job, row);
    row = Lanes::kTileRows;
  }
  for (; row + Lanes::kTileRows <= job.rows; row += Lanes::kTileRows) run_rows<Lanes::kTileRows, false>(job, row);
  run_rest<Lanes::kTileRows - 1>(job, row);
}

}  // namespace
}  // namespace attune::nn::kernels
