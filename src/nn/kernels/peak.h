// The arithmetic of gemm_f32 and gemm_i8 out of registers alone: what the processor could do at most.
// Each runs `steps` steps and returns the products (each with its addition) that one step has.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::nn::kernels {

std::size_t peak_f32_scalar(std::size_t steps);
std::size_t peak_f32_simd(std::size_t steps);
std::size_t peak_i8_scalar(std::size_t steps);
std::size_t peak_i8_avx2(std::size_t steps);
std::size_t peak_i8_avx512(std::size_t steps);
std::size_t peak_i8_vnni(std::size_t steps);

// Where sums go, so that the compiler cannot leave them out.
inline volatile float peak_sink_f32;
inline volatile std::int32_t peak_sink_i8;

}  // namespace attune::nn::kernels
