// Every level of every forward kernel against the plain definition in FP64, at all places of kernel_places.hpp.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn.hpp"

#include "nn/kernel_places.hpp"
#include "nn/kernels/gelu.h"
#include "nn/kernels/layer_norm.h"
#include "nn/kernels/softmax.h"
#include "nn/levels.hpp"

namespace {

namespace kernels = attune::nn::kernels;
using attune::nn::testing::at_every_level;
using attune::nn::testing::for_all_places;
using attune::nn::testing::numbers;
using attune::nn::testing::Row;
using attune::nn::testing::run_at;

double true_gelu(double x) {
  return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
}

}  // namespace

TEST_CASE("gelu is within 5e-7 · (1 + |x|) of the definition at every level, length and offset") {
  // erf is approximated to 3e-7 and then multiplied with x / 2.
  at_every_level([] {
    for_all_places([&](std::size_t length, std::size_t offset) {
      const Row input = numbers(length, 8, 1);
      const Row output = run_at(input, offset, kernels::gelu);
      for (std::size_t index = 0; index < length; ++index) {
        const double x = static_cast<double>(input[index]);
        REQUIRE(std::abs(static_cast<double>(output[index]) - true_gelu(x)) <= 5e-7 * (1 + std::abs(x)));
      }
    });
  });
}

TEST_CASE("gelu of far numbers is the number or nothing, and what is not a number stays so") {
  at_every_level([] {
    const Row output = run_at({100, -100, 0, std::numeric_limits<float>::quiet_NaN()}, 0, kernels::gelu);
    CHECK(output[0] == 100);
    CHECK(std::abs(output[1]) < 1e-4F);
    CHECK(output[2] == 0);
    CHECK(std::isnan(output[3]));
  });
}

TEST_CASE("gelu of a number does not depend on its place") {
  at_every_level([] {
    const Row input = numbers(37, 4, 2);
    const Row whole = run_at(input, 0, kernels::gelu);
    for (std::size_t index = 0; index < input.size(); ++index) {
      const Row alone = run_at({input[index]}, index % 4, kernels::gelu);
      REQUIRE(std::memcmp(&alone[0], &whole[index], sizeof(float)) == 0);
    }
  });
}

TEST_CASE("softmax is within 2e-6 relative of the definition at every level, length and offset") {
  const float scale = 0.17677669F;
  const auto kernel = [&](float* x, std::size_t n) { kernels::softmax(x, n, scale); };
  at_every_level([&] {
    for_all_places([&](std::size_t length, std::size_t offset) {
      const Row input = numbers(length, 60, 3);
      const Row output = run_at(input, offset, kernel);
      double sum = 0;
      for (const float x : input) sum += std::exp(static_cast<double>(x) * static_cast<double>(scale));
      for (std::size_t index = 0; index < length; ++index) {
        const double wanted = std::exp(static_cast<double>(input[index]) * static_cast<double>(scale)) / sum;
        // The exponent itself, up to 2 · 60 · scale, is rounded to FP32 before exp() sees it.
        REQUIRE(std::abs(static_cast<double>(output[index]) - wanted) <= 2e-6 * wanted + 1e-12);
      }
    });
  });
}

TEST_CASE("softmax of equal numbers shares equally, and huge numbers do not overflow") {
  const auto kernel = [](float* x, std::size_t n) { kernels::softmax(x, n, 1); };
  at_every_level([&] {
    for (const float value : run_at(Row(10, 3e38F), 0, kernel)) CHECK(value == doctest::Approx(0.1));
    const Row far = run_at({1000, -1000, 999}, 1, kernel);
    CHECK(far[0] == doctest::Approx(1 / (1 + std::exp(-1.0))));
    CHECK(far[1] < 1e-30F);
  });
}

TEST_CASE("layer norm is within 4e-6 of the definition at every level, width and offset, with and without residual") {
  at_every_level([] {
    for (const bool with_residual : {false, true}) {
      for_all_places([&](std::size_t width, std::size_t offset) {
        const Row input = numbers(width, 3, 4);
        const Row residual = numbers(width, 2, 5);
        const Row scale = numbers(width, 1, 6);
        const Row shift = numbers(width, 1, 7);
        const Row output = run_at(input, offset, [&](float* x, std::size_t n) {
          kernels::add_layer_norm({.x = x,
                                   .residual = with_residual ? residual.data() : nullptr,
                                   .scale = scale.data(),
                                   .shift = shift.data(),
                                   .width = n,
                                   .epsilon = 1e-5F});
        });
        std::vector<double> v;
        double mean = 0;
        for (std::size_t index = 0; index < width; ++index) {
          v.push_back(static_cast<double>(input[index]) + (with_residual ? static_cast<double>(residual[index]) : 0.0));
          mean += v.back() / static_cast<double>(width);
        }
        double variance = 0;
        for (const double value : v) variance += (value - mean) * (value - mean) / static_cast<double>(width);
        for (std::size_t index = 0; index < width; ++index) {
          const double wanted = (v[index] - mean) / std::sqrt(variance + 1e-5) * static_cast<double>(scale[index]) +
                                static_cast<double>(shift[index]);
          REQUIRE(std::abs(static_cast<double>(output[index]) - wanted) <= 4e-6);
        }
      });
    }
  });
}
