#include "attune/core/dot_product.hpp"

#include <bit>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("dot_product: agrees with a plain sum for every length around the eight lanes") {
  for (std::size_t size = 0; size <= 40; ++size) {
    std::vector<float> a(size);
    std::vector<float> b(size);
    double expected = 0;
    for (std::size_t i = 0; i < size; ++i) {
      a[i] = static_cast<float>(i) - 3.5F;
      b[i] = 0.25F * static_cast<float>(i % 7) - 1.0F;
      expected += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    // Quarters and halves are exact in float, and so are their sums here: no tolerance is needed.
    CHECK(static_cast<double>(attune::dot_product(a, b)) == expected);
  }
}

TEST_CASE("dot_product: the same values give the same bits at every alignment and in both orders") {
  const std::size_t size = 384;
  std::vector<float> a(size);
  std::vector<float> b(size);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 1664525U + 1013904223U;
    a[i] = static_cast<float>(state >> 8U) / 16777216.0F - 0.5F;
    state = state * 1664525U + 1013904223U;
    b[i] = static_cast<float>(state >> 8U) / 16777216.0F - 0.5F;
  }
  const auto bits = std::bit_cast<std::uint32_t>(attune::dot_product(a, b));
  CHECK(std::bit_cast<std::uint32_t>(attune::dot_product(b, a)) == bits);
  for (const std::size_t offset : {1UL, 2UL, 3UL, 5UL}) {
    std::vector<float> moved(offset, 0.0F);
    moved.insert(moved.end(), a.begin(), a.end());
    const std::span<const float> view = std::span(moved).subspan(offset);
    CHECK(std::bit_cast<std::uint32_t>(attune::dot_product(view, b)) == bits);
  }
}
