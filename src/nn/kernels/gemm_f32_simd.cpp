// Tiles of 6 rows × 2 vectors (AVX2: 12 of 16 registers hold sums) or 12 × 2 (AVX-512: 24 of 32).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/gemm_f32_simd.cpp"
#include "nn/kernels/gemm_f32.h"
#include "nn/kernels/peak.h"
#include "nn/kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace attune::nn::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Floats>;

constexpr std::size_t kLanes = HWY_MAX_BYTES / sizeof(float) < 16 ? HWY_MAX_BYTES / sizeof(float) : 16;
constexpr std::size_t kColumns = 2 * kLanes;
constexpr std::size_t kTileRows = kLanes == 16 ? 12 : 6;

// R rows of x next to a whole panel. The sums stay in registers over all of depth. kAcross: x is read across its rows.
template <std::size_t R, bool kAcross>
HWY_INLINE void run_tile(const GemmF32& job, std::size_t row, float* y, std::size_t y_stride) {
  const Floats d;
  Vector left[R];
  Vector right[R];
  const float* x_row[kAcross ? 1 : R];
  if constexpr (kAcross) x_row[0] = job.x + row;
  for (std::size_t r = 0; r < R; ++r) {
    left[r] = job.add ? hn::LoadU(d, y + r * y_stride) : hn::Zero(d);
    right[r] = job.add ? hn::LoadU(d, y + r * y_stride + kLanes) : hn::Zero(d);
    if constexpr (!kAcross) x_row[r] = job.x + (row + r) * job.x_stride;
  }
  const float* b = job.b;
  for (std::size_t k = 0; k < job.depth; ++k) {
    const Vector b_left = hn::LoadU(d, b);
    const Vector b_right = hn::LoadU(d, b + kLanes);
    for (std::size_t r = 0; r < R; ++r) {
      const Vector value = hn::Set(d, kAcross ? x_row[0][r] : x_row[r][k]);
      left[r] = hn::MulAdd(value, b_left, left[r]);
      right[r] = hn::MulAdd(value, b_right, right[r]);
    }
    b += job.b_stride;
    if constexpr (kAcross) x_row[0] += job.x_step;
  }
  for (std::size_t r = 0; r < R; ++r) {
    hn::StoreU(left[r], d, y + r * y_stride);
    hn::StoreU(right[r], d, y + r * y_stride + kLanes);
  }
}

// A panel narrower than its vectors goes through memory of its own: nothing behind `columns` may be written.
template <std::size_t R, bool kAcross>
HWY_INLINE void run_rows(const GemmF32& job, std::size_t row) {
  float* y = job.y + row * job.y_stride;
  if (job.columns == kColumns) return run_tile<R, kAcross>(job, row, y, job.y_stride);
  float tile[R * kColumns] = {};
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t c = 0; c < job.columns; ++c) tile[r * kColumns + c] = y[r * job.y_stride + c];
  }
  run_tile<R, kAcross>(job, row, tile, kColumns);
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t c = 0; c < job.columns; ++c) y[r * job.y_stride + c] = tile[r * kColumns + c];
  }
}

// The rows that are left over, all together: `left` is at most R.
template <std::size_t R, bool kAcross>
HWY_INLINE void run_rest(const GemmF32& job, std::size_t row, std::size_t left) {
  if constexpr (R > 0) {
    if (left == R) return run_rows<R, kAcross>(job, row);
    run_rest<R - 1, kAcross>(job, row, left);
  }
}

template <bool kAcross>
HWY_INLINE void run_all(const GemmF32& job) {
  std::size_t row = 0;
  for (; row + kTileRows <= job.rows; row += kTileRows) run_rows<kTileRows, kAcross>(job, row);
  run_rest<kTileRows - 1, kAcross>(job, row, job.rows - row);
}

void run(const GemmF32& job) {
  if (job.x_step == 1) return run_all<false>(job);
  run_all<true>(job);
}

std::size_t panel_columns() {
  return kColumns;
}

// Twelve chains hide the latency of a multiply-add on every processor that has one.
std::size_t peak(std::size_t steps) {
  constexpr std::size_t kChains = 12;
  const Floats d;
  Vector x = hn::Set(d, peak_sink_f32);
  Vector sums[kChains];
  for (Vector& sum : sums) sum = x;
  for (std::size_t step = 0; step < steps; ++step) {
    for (Vector& sum : sums) sum = hn::MulAdd(x, x, sum);
  }
  for (std::size_t i = 1; i < kChains; ++i) sums[0] = hn::Add(sums[0], sums[i]);
  peak_sink_f32 = hn::GetLane(hn::SumOfLanes(d, sums[0]));
  return kChains * kLanes;
}

}  // namespace
}  // namespace attune::nn::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::nn::kernels {

HWY_EXPORT(run);
HWY_EXPORT(panel_columns);
HWY_EXPORT(peak);

void gemm_f32_simd(const GemmF32& job) {
  HWY_DYNAMIC_DISPATCH(run)(job);
}

std::size_t peak_f32_simd(std::size_t steps) {
  return HWY_DYNAMIC_DISPATCH(peak)(steps);
}

std::size_t panel_columns_f32_simd() {
  return HWY_DYNAMIC_DISPATCH(panel_columns)();
}

}  // namespace attune::nn::kernels
#endif
