// The tile that all vector versions of gemm_i8 share. Each gemm_i8_<level>.cpp defines `Lanes` (its vectors and one
// multiply-add step, which goes onto lanes of 16 bits that add_lanes() widens, or straight onto the sums of 32 bits)
// and includes this; everything is in an anonymous namespace, because each file is compiled for another processor.
#pragma once

#include "nn/kernels/gemm_i8.h"
#include "nn/kernels/peak.h"

namespace attune::nn::kernels {
namespace {

constexpr std::size_t kPanel = 2 * Lanes::kColumns;
constexpr std::size_t kSteps = 4;  // of four inputs each, before lanes are widened

// Onto the sums of R rows and a whole panel: 16 inputs.
template <std::size_t R>
inline void add_sixteen(const std::uint8_t* x, std::size_t x_stride, const std::int8_t* w, Lanes::Ints (&left)[R],
                        Lanes::Ints (&right)[R]) {
  Lanes::Ints left_lanes[R];
  Lanes::Ints right_lanes[R];
  for (std::size_t r = 0; r < R; ++r) {
    left_lanes[r] = Lanes::lanes_for(left[r]);
    right_lanes[r] = Lanes::lanes_for(right[r]);
  }
  for (std::size_t step = 0; step < kSteps; ++step) {
    const Lanes::Ints w_left = Lanes::load(w + step * 4 * kPanel);
    const Lanes::Ints w_right = Lanes::load(w + step * 4 * kPanel + 4 * Lanes::kColumns);
    for (std::size_t r = 0; r < R; ++r) {
      const Lanes::Ints x_r = Lanes::broadcast(x + r * x_stride + step * 4);
      left_lanes[r] = Lanes::add_products(left_lanes[r], x_r, w_left);
      right_lanes[r] = Lanes::add_products(right_lanes[r], x_r, w_right);
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    left[r] = Lanes::add_lanes(left[r], left_lanes[r]);
    right[r] = Lanes::add_lanes(right[r], right_lanes[r]);
  }
}

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
    for (std::size_t k = 0; k < kQuantGroup; k += 4 * kSteps) {
      add_sixteen<R>(x + k, job.x_stride, w, left, right);
      if constexpr (kFetchNext) {
        for (std::size_t line = 0; line < kSteps * 4 * kPanel; line += 64) {
          __builtin_prefetch(w + job.groups * kQuantGroup * kPanel + line);
        }
      }
      w += kSteps * 4 * kPanel;
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

// What add_sixteen does, with everything in registers.
inline std::size_t run_peak(std::size_t steps) {
  constexpr std::size_t kChains = 8;
  Lanes::Ints x = Lanes::zero();
  Lanes::Ints w = Lanes::zero();
  Lanes::Ints sums[kChains];
  for (Lanes::Ints& sum : sums) sum = Lanes::zero();
  for (std::size_t step = 0; step < steps; ++step) {
    for (Lanes::Ints& sum : sums) {
      Lanes::Ints lanes = Lanes::lanes_for(sum);
      for (std::size_t product = 0; product < kSteps; ++product) {
        // The compiler must take both for new each time, or it would do the product once.
        __asm__ volatile("" : "+v"(x), "+v"(w));
        lanes = Lanes::add_products(lanes, x, w);
      }
      sum = Lanes::add_lanes(sum, lanes);
    }
  }
  for (const Lanes::Ints& sum : sums) {
    std::int32_t first;
    __builtin_memcpy(&first, &sum, sizeof first);
    peak_sink_i8 = first;
  }
  return kChains * Lanes::kColumns * 4 * kSteps;
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
