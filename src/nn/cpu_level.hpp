// Which instructions the kernels use, for the kernels' dispatch, their tests and benchmarks.
#pragma once

#include <vector>

#include "attune/nn.hpp"

namespace attune::nn {

// Every level that this processor can run, scalar first.
std::vector<CpuLevel> available_cpu_levels();

// Makes cpu_level() answer `level`, which must be available. For tests and benchmarks alone: weights packed before
// belong to the level they were packed at, and no kernel may be running.
void use_cpu_level(CpuLevel level);

// False at CpuLevel::scalar: the *_simd.cpp kernels run, at the level that was chosen.
inline bool uses_simd() {
  return cpu_level() != CpuLevel::scalar;
}

}  // namespace attune::nn
