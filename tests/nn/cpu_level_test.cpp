#include "nn/cpu_level.hpp"

#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn.hpp"

#include "nn/kernels/gelu.h"

namespace attune::nn {
namespace {

TEST_CASE("a forced level is taken, but never more than the processor has") {
  CHECK(choose_cpu_level("", CpuLevel::vnni) == CpuLevel::vnni);
  CHECK(choose_cpu_level("", CpuLevel::scalar) == CpuLevel::scalar);
  CHECK(choose_cpu_level("scalar", CpuLevel::avx512) == CpuLevel::scalar);
  CHECK(choose_cpu_level("avx2", CpuLevel::vnni) == CpuLevel::avx2);
  CHECK(choose_cpu_level("avx2", CpuLevel::scalar) == CpuLevel::scalar);
  CHECK(choose_cpu_level("avx512", CpuLevel::avx2) == CpuLevel::avx2);
  CHECK(choose_cpu_level("vnni", CpuLevel::vnni) == CpuLevel::vnni);
  CHECK(choose_cpu_level("abacus", CpuLevel::avx2) == CpuLevel::avx2);
}

TEST_CASE("the level that ATTUNE_FORCE_CPU names is the one whose kernels run") {
  const char* forced = std::getenv("ATTUNE_FORCE_CPU");
  if (forced != nullptr) CHECK(cpu_level() == choose_cpu_level(forced, available_cpu_levels().back()));

  // The two versions differ in the last bits of some numbers: the dispatching call must agree with its own one bit for
  // bit, and on this input the other one would show.
  std::vector<float> input;
  for (int index = -400; index <= 400; ++index) input.push_back(static_cast<float>(index) * 0.013F);
  std::vector<float> dispatched = input;
  std::vector<float> scalar = input;
  kernels::gelu(dispatched.data(), dispatched.size());
  kernels::gelu_scalar(scalar.data(), scalar.size());
  const bool same = std::memcmp(dispatched.data(), scalar.data(), scalar.size() * sizeof(float)) == 0;
  CHECK(same == (cpu_level() == CpuLevel::scalar));
}

}  // namespace
}  // namespace attune::nn
