#include "nn/kernels/peak.h"

#include <algorithm>
#include <chrono>

#include "attune/core/work_sharing.hpp"
#include "attune/nn.hpp"

namespace attune::nn {
namespace {

using Kernel = std::size_t (*)(std::size_t steps);

Kernel kernel_of(Precision precision) {
  const CpuLevel level = cpu_level();
  if (precision == Precision::f32) return level == CpuLevel::scalar ? kernels::peak_f32_scalar : kernels::peak_f32_simd;
#ifdef ATTUNE_HAS_X86_KERNELS
  if (level == CpuLevel::vnni) return kernels::peak_i8_vnni;
  if (level == CpuLevel::avx512) return kernels::peak_i8_avx512;
  if (level == CpuLevel::avx2) return kernels::peak_i8_avx2;
#endif
  return kernels::peak_i8_scalar;
}

}  // namespace

double measure_peak(Precision precision, std::size_t threads) {
  constexpr int kTries = 8;
  constexpr std::size_t kSteps = 2'000'000;
  const Kernel kernel = kernel_of(precision);
  std::vector<double> best(threads, 0.0);  // operations a second of each thread
  share_out<int>(threads, threads, {}, [&](std::size_t thread, int&) {
    for (int run = 0; run < kTries; ++run) {
      const auto start = std::chrono::steady_clock::now();
      const std::size_t products = kernel(kSteps);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      best[thread] = std::max(best[thread], 2.0 * static_cast<double>(products * kSteps) / seconds.count());
    }
  });
  double sum = 0;
  for (const double rate : best) sum += rate;
  return sum;
}

}  // namespace attune::nn
