#include "nn/kernels/peak.h"

namespace attune::nn::kernels {
namespace {

// Four chains, so that one addition does not wait for the one before.
template <typename Number>
std::size_t run(std::size_t steps, volatile Number& source, volatile Number& sink) {
  const Number x = source;
  Number sums[4] = {};
  for (std::size_t step = 0; step < steps; ++step) {
    for (Number& sum : sums) {
      sum += x * x;
      __asm__ volatile("" : "+m"(sum));
    }
  }
  sink = sums[0] + sums[1] + sums[2] + sums[3];
  return 4;
}

}  // namespace

std::size_t peak_f32_scalar(std::size_t steps) {
  return run<float>(steps, peak_sink_f32, peak_sink_f32);
}

std::size_t peak_i8_scalar(std::size_t steps) {
  return run<std::int32_t>(steps, peak_sink_i8, peak_sink_i8);
}

}  // namespace attune::nn::kernels
