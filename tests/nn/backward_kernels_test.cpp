// Every level of every backward kernel against the plain definition in FP64, at all places of kernel_places.hpp.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn.hpp"

#include "nn/kernel_places.hpp"
#include "nn/kernels/dropout.h"
#include "nn/kernels/gelu.h"
#include "nn/kernels/gemm_f32.h"
#include "nn/kernels/layer_norm.h"
#include "nn/kernels/softmax.h"
#include "nn/levels.hpp"

namespace attune::nn {
namespace {

using testing::at_every_level;
using testing::for_all_places;
using testing::kGuard;
using testing::numbers;
using testing::Row;
using testing::run_at;
using testing::same_bits;

double wide(float x) {
  return static_cast<double>(x);
}

}  // namespace

TEST_CASE("gelu's slope is within 1e-6 of the definition at every level, length and offset, and far away 0 or 1") {
  const double root = std::sqrt(2 * std::acos(-1.0));
  at_every_level([&] {
    for_all_places([&](std::size_t length, std::size_t offset) {
      const Row x = numbers(length, 8, 1);
      const Row ones(length, 1.0F);
      const Row slopes = run_at(ones, offset, [&](float* d, std::size_t n) { kernels::gelu_backward(x.data(), d, n); });
      for (std::size_t i = 0; i < length; ++i) {
        const double at = wide(x[i]);
        const double wanted = (1 + std::erf(at / std::sqrt(2.0))) / 2 + at * std::exp(-at * at / 2) / root;
        REQUIRE(std::abs(wide(slopes[i]) - wanted) <= 1e-6);
      }
    });
    const Row x = {100, -100, 1e30F, -1e30F};
    const Row far = run_at(Row(4, 1.0F), 0, [&](float* d, std::size_t n) { kernels::gelu_backward(x.data(), d, n); });
    for (std::size_t i = 0; i < 4; ++i) CHECK(far[i] == doctest::Approx(i % 2 == 0 ? 1.0 : 0.0).epsilon(1e-6));
  });
}

TEST_CASE("softmax's backward pass is within 2e-6 of the definition at every level, length and offset") {
  const float scale = 0.17677669F;
  at_every_level([&] {
    for_all_places([&](std::size_t length, std::size_t offset) {
      Row y = numbers(length, 3, 1);
      kernels::softmax(y.data(), length, 1);
      const Row d_y = numbers(length, 1, 2);
      const Row d_x =
          run_at(d_y, offset, [&](float* d, std::size_t n) { kernels::softmax_backward(y.data(), d, n, scale); });
      double sum = 0;
      for (std::size_t i = 0; i < length; ++i) sum += wide(y[i]) * wide(d_y[i]);
      for (std::size_t i = 0; i < length; ++i) {
        REQUIRE(std::abs(wide(d_x[i]) - wide(scale) * wide(y[i]) * (wide(d_y[i]) - sum)) <= 2e-6);
      }
    });
  });
}

TEST_CASE("layer norm's backward pass is within 1e-5 of the definition at every level, width and offset") {
  at_every_level([] {
    for_all_places([&](std::size_t width, std::size_t offset) {
      const Row normalised = numbers(width, 2, 1), scale = numbers(width, 1, 2), d_y = numbers(width, 1, 3);
      Row d_scale = numbers(width, 1, 4), d_shift = numbers(width, 1, 5);
      const Row scale_before = d_scale, shift_before = d_shift;
      d_scale.push_back(kGuard);
      d_shift.push_back(kGuard);
      const Row d_v = run_at(d_y, offset, [&](float* d, std::size_t n) {
        kernels::layer_norm_backward({.d = d,
                                      .normalised = normalised.data(),
                                      .scale = scale.data(),
                                      .d_scale = d_scale.data(),
                                      .d_shift = d_shift.data(),
                                      .width = n,
                                      .factor = 1.5F});
      });
      double mean = 0;
      double product = 0;
      for (std::size_t i = 0; i < width; ++i) {
        mean += wide(d_y[i]) * wide(scale[i]) / static_cast<double>(width);
        product += wide(d_y[i]) * wide(scale[i]) * wide(normalised[i]) / static_cast<double>(width);
      }
      for (std::size_t i = 0; i < width; ++i) {
        const double wanted = 1.5 * (wide(d_y[i]) * wide(scale[i]) - mean - wide(normalised[i]) * product);
        REQUIRE(std::abs(wide(d_v[i]) - wanted) <= 1e-5);
        REQUIRE(std::abs(wide(d_scale[i]) - wide(scale_before[i]) - wide(d_y[i]) * wide(normalised[i])) <= 1e-6);
        REQUIRE(std::abs(wide(d_shift[i]) - wide(shift_before[i]) - wide(d_y[i])) <= 1e-6);
      }
      REQUIRE(d_scale[width] == kGuard);
      REQUIRE(d_shift[width] == kGuard);
    });
  });
}

TEST_CASE("dropout's kernel drops the same numbers at every level, length and offset, whatever the numbers are") {
  const auto kernel = [](float* x, std::size_t n) {
    kernels::dropout({.x = x,
                      .n = n,
                      .first = 0xFFFFFF00U,
                      .low_key = 77,
                      .high_key = 0x80000001U,
                      .threshold = 1 << 22,
                      .scale = 2});
  };
  for_all_places([&](std::size_t length, std::size_t offset) {
    if (length > 256) return;  // up to 2^32
    const Row x = numbers(length, 1, 1);
    std::vector<Row> found;
    at_every_level([&] { found.push_back(run_at(x, offset, kernel)); });
    for (const Row& one : found) REQUIRE(same_bits(one, found[0]));
  });
}

TEST_CASE("the FP32 product of xᵀ that is read across its rows has the bits of the one that reads x") {
  at_every_level([] {
    const std::size_t panel = kernels::panel_columns_f32();
    for (std::size_t rows = 1; rows <= 26; ++rows) {
      for (const std::size_t depth : {1U, 2U, 7U, 64U}) {
        for (const std::size_t columns : {panel, panel - 1, std::size_t{1}}) {
          const std::size_t step = rows + 3;
          const Row x = numbers(rows * depth, 1, 1), b = numbers(depth * panel, 1, 2);
          Row across(depth * step, kGuard);
          for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t k = 0; k < depth; ++k) across[k * step + row] = x[row * depth + k];
          }
          Row wanted(rows * panel, 0.5F), found(rows * panel, 0.5F);
          kernels::GemmF32 job = {.x = x.data(),
                                  .x_stride = depth,
                                  .b = b.data(),
                                  .b_stride = panel,
                                  .y = wanted.data(),
                                  .y_stride = panel,
                                  .rows = rows,
                                  .depth = depth,
                                  .columns = columns};
          kernels::gemm_f32(job);
          job.x = across.data();
          job.x_stride = 1;
          job.x_step = step;
          job.y = found.data();
          kernels::gemm_f32(job);
          REQUIRE(same_bits(found, wanted));
        }
      }
    }
  });
}

}  // namespace attune::nn
