// Numbers that tests of this room share: golden files, comparison with a tolerance, and made-up weights.
#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "nn/levels.hpp"

namespace attune::nn::testing {

using Row = std::vector<float>;

inline nlohmann::json read_golden(const std::string& name) {
  std::ifstream file(ATTUNE_SOURCE_DIR "/tests/nn/golden/" + name);
  REQUIRE_MESSAGE(file.is_open(), name);
  return nlohmann::json::parse(file);
}

inline void check_near(const Row& found, const Row& wanted, double tolerance = 1e-6) {
  REQUIRE(found.size() == wanted.size());
  for (std::size_t index = 0; index < found.size(); ++index) {
    CAPTURE(index);
    CHECK(std::abs(static_cast<double>(found[index]) - static_cast<double>(wanted[index])) <= tolerance);
  }
}

// Numbers between -1 and 1.
inline Row made_up(std::size_t count, std::uint32_t seed) {
  return numbers(count, 1, seed);
}

}  // namespace attune::nn::testing
