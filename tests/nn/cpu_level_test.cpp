#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn.hpp"

#include "nn/kernels/gelu.h"

namespace {

using attune::nn::choose_cpu_level;
using attune::nn::cpu_level;
using attune::nn::CpuLevel;

}  // namespace

TEST_CASE("a forced level is taken, but never more than the processor has") {
  CHECK(choose_cpu_level("", true) == CpuLevel::avx2);
  CHECK(choose_cpu_level("", false) == CpuLevel::scalar);
  CHECK(choose_cpu_level("scalar", true) == CpuLevel::scalar);
  CHECK(choose_cpu_level("avx2", true) == CpuLevel::avx2);
  CHECK(choose_cpu_level("avx2", false) == CpuLevel::scalar);
  CHECK(choose_cpu_level("avx512", true) == CpuLevel::avx2);
  CHECK(choose_cpu_level("abacus", true) == CpuLevel::avx2);
}

TEST_CASE("the level that ATTUNE_FORCE_CPU names is the one whose kernels run") {
  const char* forced = std::getenv("ATTUNE_FORCE_CPU");
  if (forced != nullptr && std::string_view(forced) == "scalar") CHECK(cpu_level() == CpuLevel::scalar);

  // The two versions differ in the last bits of some numbers: the dispatching call must agree with its own one bit for
  // bit, and on this input the other one would show.
  std::vector<float> input;
  for (int index = -400; index <= 400; ++index) input.push_back(static_cast<float>(index) * 0.013F);
  std::vector<float> dispatched = input;
  std::vector<float> scalar = input;
  attune::nn::kernels::gelu(dispatched.data(), dispatched.size());
  attune::nn::kernels::gelu_scalar(scalar.data(), scalar.size());
  const bool same = std::memcmp(dispatched.data(), scalar.data(), scalar.size() * sizeof(float)) == 0;
  CHECK(same == (cpu_level() == CpuLevel::scalar));
}
