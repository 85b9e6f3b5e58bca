#include "nn/cpu_level.hpp"

#include <atomic>
#include <cassert>
#include <cstdlib>

#include <hwy/targets.h>

#include "attune/core/log.hpp"

namespace attune::nn {
namespace {

constexpr CpuLevel kLevels[] = {CpuLevel::scalar, CpuLevel::avx2, CpuLevel::avx512, CpuLevel::vnni};

CpuLevel best_of_processor() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && (hwy::SupportedTargets() & HWY_AVX3) != 0;
  if (avx512 && __builtin_cpu_supports("avx512vnni")) return CpuLevel::vnni;
  if (avx512) return CpuLevel::avx512;
  if (avx2) return CpuLevel::avx2;
#endif
  return CpuLevel::scalar;
}

// Highway chooses by itself, by what the processor has; what is forced must reach it.
void tell_highway(CpuLevel level) {
  const std::int64_t best = level >= CpuLevel::avx512 ? HWY_AVX3 : level == CpuLevel::avx2 ? HWY_AVX2 : 0;
  if (best != 0) hwy::GetChosenTarget().Update(best);
}

CpuLevel first_level() {
  const char* value = std::getenv("ATTUNE_FORCE_CPU");
  const std::string_view forced = value == nullptr ? std::string_view() : std::string_view(value);
  const CpuLevel level = choose_cpu_level(forced, best_of_processor());
  if (!forced.empty() && cpu_level_name(level) != forced) {
    log(LogLevel::warning, "ATTUNE_FORCE_CPU=" + std::string(forced) + " is no level of this processor; using " +
                               std::string(cpu_level_name(level)));
  }
  tell_highway(level);
  return level;
}

std::atomic<CpuLevel>& level_in_use() {
  static std::atomic<CpuLevel> level{first_level()};
  return level;
}

}  // namespace

CpuLevel choose_cpu_level(std::string_view forced, CpuLevel best) {
  for (const CpuLevel level : kLevels) {
    if (cpu_level_name(level) == forced) return level < best ? level : best;
  }
  return best;
}

CpuLevel cpu_level() {
  return level_in_use().load(std::memory_order_relaxed);
}

std::string_view cpu_level_name(CpuLevel level) {
  switch (level) {
    case CpuLevel::scalar:
      return "scalar";
    case CpuLevel::avx2:
      return "avx2";
    case CpuLevel::avx512:
      return "avx512";
    case CpuLevel::vnni:
      return "vnni";
  }
  return "scalar";
}

std::vector<CpuLevel> available_cpu_levels() {
  std::vector<CpuLevel> levels;
  for (const CpuLevel level : kLevels) {
    if (level <= best_of_processor()) levels.push_back(level);
  }
  return levels;
}

void use_cpu_level(CpuLevel level) {
  assert(level <= best_of_processor());
  tell_highway(level);
  level_in_use().store(level, std::memory_order_relaxed);
}

}  // namespace attune::nn
