// Where element-wise kernels are tested: lengths 0 … 2 · lanes + 1 and two long ones, offsets 0, 1 and 3 from an
// aligned place, numbers around the row that must stay untouched.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <vector>

#include <doctest/doctest.h>

namespace attune::nn::testing {

using Row = std::vector<float>;

inline constexpr float kGuard = 12345.0F;

// Runs `kernel` on a copy of `input` that lies `offset` numbers behind an aligned place, and checks the guards.
inline Row run_at(const Row& input, std::size_t offset, const std::function<void(float*, std::size_t)>& kernel) {
  alignas(32) static float memory[4096];
  REQUIRE(input.size() + offset + 8 < 4096);
  for (float& value : memory) value = kGuard;
  if (!input.empty()) std::memcpy(memory + offset, input.data(), input.size() * sizeof(float));
  kernel(memory + offset, input.size());
  for (std::size_t index = 0; index < offset; ++index) REQUIRE(memory[index] == kGuard);
  for (std::size_t index = 0; index < 8; ++index) REQUIRE(memory[offset + input.size() + index] == kGuard);
  return {memory + offset, memory + offset + input.size()};
}

inline void for_all_places(const std::function<void(std::size_t length, std::size_t offset)>& check) {
  for (const std::size_t offset : {0U, 1U, 3U}) {
    for (std::size_t length = 0; length <= 17; ++length) check(length, offset);
    check(384, offset);
    check(1001, offset);
  }
}

}  // namespace attune::nn::testing
