#include <cstdlib>

#include "attune/core/log.hpp"
#include "attune/nn.hpp"

namespace attune::nn {
namespace {

bool processor_has_avx2() {
#ifdef ATTUNE_HAS_AVX2_KERNELS
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

std::string_view forced_level() {
  const char* value = std::getenv("ATTUNE_FORCE_CPU");
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

CpuLevel choose_cpu_level(std::string_view forced, bool has_avx2) {
  if (forced == "scalar") return CpuLevel::scalar;
  return has_avx2 ? CpuLevel::avx2 : CpuLevel::scalar;
}

CpuLevel cpu_level() {
  static const CpuLevel level = [] {
    const std::string_view forced = forced_level();
    const bool known =
        forced.empty() || forced == "scalar" || forced == "avx2" || forced == "avx512" || forced == "vnni";
    if (!known) log(LogLevel::warning, "ATTUNE_FORCE_CPU names no level that is known; it is ignored");
    return choose_cpu_level(forced, processor_has_avx2());
  }();
  return level;
}

std::string_view cpu_level_name(CpuLevel level) {
  return level == CpuLevel::avx2 ? "avx2" : "scalar";
}

}  // namespace attune::nn
