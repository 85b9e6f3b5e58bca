// The two matrix products and the rounding between them, at every level: the scalar kernels are the oracle.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn.hpp"

#include "nn/kernels/gemm_f32.h"
#include "nn/kernels/gemm_i8.h"
#include "nn/kernels/quantise.h"
#include "nn/kernels/round_weights.h"
#include "nn/levels.hpp"

namespace attune::nn {
namespace {

using testing::at_every_level;
using testing::numbers;
using testing::same_bits;
using Row = std::vector<float>;

constexpr float kGuard = 12345.0F;

struct Shape {
  std::size_t rows;
  std::size_t in;
  std::size_t out;
};

// Every remainder of a tile of rows, every width of a last panel, inputs around a quantisation group.
const Shape kShapes[] = {{1, 1, 1},    {2, 7, 15},   {3, 31, 16},  {4, 32, 17},   {5, 127, 31},  {6, 128, 32},
                         {7, 129, 33}, {8, 192, 47}, {11, 193, 5}, {12, 384, 64}, {13, 256, 65}, {50, 640, 40}};

Row exact_product(const Shape& shape, const Row& weight, const Row& bias, const Row& x) {
  Row y;
  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t o = 0; o < shape.out; ++o) {
      double sum = static_cast<double>(bias[o]);
      for (std::size_t i = 0; i < shape.in; ++i) {
        sum += static_cast<double>(weight[o * shape.in + i]) * static_cast<double>(x[row * shape.in + i]);
      }
      y.push_back(static_cast<float>(sum));
    }
  }
  return y;
}

TEST_CASE("the FP32 product is within 1e-5 · √inputs of sums in FP64, whatever remains of rows, inputs and outputs") {
  at_every_level([] {
    for (const Shape& shape : kShapes) {
      const Row weight = numbers(shape.in * shape.out, 1, 1);
      const Row bias = numbers(shape.out, 1, 2);
      const Row x = numbers(shape.rows * shape.in, 1, 3);
      const Row wanted = exact_product(shape, weight, bias, x);
      Row y(shape.rows * shape.out);
      Scratch scratch;
      linear(PackedLinear::pack({weight, bias}, Precision::f32), x, scratch, y);
      // Rounding errors of a sum grow with the root of its length.
      const double allowed = 1e-5 * std::sqrt(static_cast<double>(shape.in));
      for (std::size_t i = 0; i < y.size(); ++i) {
        REQUIRE(std::abs(static_cast<double>(y[i]) - static_cast<double>(wanted[i])) <= allowed);
      }
    }
  });
}

TEST_CASE("the integer product is the exact sum of what was rounded: random numbers and the largest that there are") {
  at_every_level([] {
    for (const bool largest : {false, true}) {
      const std::size_t wide = kernels::panel_columns_i8();
      const std::size_t rows = 9;
      const std::size_t groups = 3;
      const std::size_t in = groups * kernels::kQuantGroup;
      std::vector<std::uint8_t> x(rows * in);
      std::vector<std::int8_t> w(in * wide);
      std::uint32_t seed = 7;
      const auto next = [&] { return (seed = seed * 1664525U + 1013904223U) >> 16U; };
      for (auto& value : x) value = static_cast<std::uint8_t>(largest ? 127 : next() % 128);
      // The largest that fit into a lane: four weights of -64 and one of -2 of the eight inputs that share it.
      const auto at_most = [](std::size_t k) { return k % 16 < 8 ? -64 : k % 16 == 8 || k % 16 == 10 ? -2 : 0; };
      for (std::size_t at = 0; at < w.size(); ++at) {
        const std::size_t k = at / (4 * wide) * 4 + at % 4;
        w[at] = static_cast<std::int8_t>(largest ? at_most(k) : static_cast<int>(next() % 65) - 32);
      }
      const Row x_scale = numbers(rows * groups, 1, 4);
      Row x_zero(rows * groups);
      for (float& zero : x_zero) zero = static_cast<float>(next() % 128);
      const Row w_scale = numbers(groups * wide, 1, 5);
      Row w_sum(groups * wide);
      // What stands at [group][four inputs][column][input] of a panel.
      const auto weight = [&](std::size_t i, std::size_t column) {
        const std::size_t k = i % kernels::kQuantGroup;
        return static_cast<std::int64_t>(
            w[i / kernels::kQuantGroup * kernels::kQuantGroup * wide + (k / 4 * wide + column) * 4 + k % 4]);
      };
      for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t column = 0; column < wide; ++column) {
          std::int64_t sum = 0;
          for (std::size_t k = 0; k < kernels::kQuantGroup; ++k) sum += weight(g * kernels::kQuantGroup + k, column);
          w_sum[g * wide + column] = static_cast<float>(sum) * w_scale[g * wide + column];
        }
      }
      for (const std::size_t columns : {wide, wide - 1, std::size_t{1}}) {
        Row y(rows * wide, kGuard);
        for (std::size_t row = 0; row < rows; ++row)
          std::fill_n(y.begin() + static_cast<std::ptrdiff_t>(row * wide), columns, 0.5F);
        kernels::gemm_i8({.x = x.data(),
                          .x_stride = in,
                          .x_scale = x_scale.data(),
                          .x_zero = x_zero.data(),
                          .x_scale_stride = groups,
                          .w = w.data(),
                          .w_scale = w_scale.data(),
                          .w_sum = w_sum.data(),
                          .y = y.data(),
                          .y_stride = wide,
                          .rows = rows,
                          .groups = groups,
                          .columns = columns});
        for (std::size_t row = 0; row < rows; ++row) {
          for (std::size_t column = 0; column < wide; ++column) {
            if (column >= columns) {
              REQUIRE(y[row * wide + column] == kGuard);
              continue;
            }
            double wanted = 0.5;
            double size = 0.5;  // of what is added, which the rounding of FP32 sums follows
            for (std::size_t g = 0; g < groups; ++g) {
              std::int64_t sum = 0;
              for (std::size_t k = 0; k < kernels::kQuantGroup; ++k) {
                const std::size_t i = g * kernels::kQuantGroup + k;
                sum += weight(i, column) * x[row * in + i];
              }
              const auto scale = static_cast<double>(x_scale[row * groups + g]);
              const double product = static_cast<double>(sum) * static_cast<double>(w_scale[g * wide + column]);
              const double shift =
                  static_cast<double>(x_zero[row * groups + g]) * static_cast<double>(w_sum[g * wide + column]);
              wanted += scale * (product - shift);
              size += std::abs(scale) * (std::abs(product) + std::abs(shift));
            }
            REQUIRE(std::abs(static_cast<double>(y[row * wide + column]) - wanted) <= 1e-6 * size);
          }
        }
      }
    }
  });
}

TEST_CASE("rounding to 7 bits is the same at every level, bit for bit, and within half a step") {
  for (const std::size_t n : {1U, 5U, 127U, 128U, 129U, 384U, 400U}) {
    for (const bool with_factor : {false, true}) {
      const Row x = numbers(n, 3, 11);
      Row factor = numbers(n, 1, 12);
      for (float& value : factor) value = std::abs(value) + 0.1F;
      const std::size_t groups = (n + kernels::kQuantGroup - 1) / kernels::kQuantGroup;
      std::vector<std::vector<std::uint8_t>> all;
      std::vector<Row> scales;
      at_every_level([&] {
        std::vector<std::uint8_t> q(groups * kernels::kQuantGroup, 255);
        Row scale(groups);
        Row zero(groups);
        kernels::quantise_row({.x = x.data(),
                               .factor = with_factor ? factor.data() : nullptr,
                               .q = q.data(),
                               .scale = scale.data(),
                               .zero = zero.data(),
                               .n = n});
        for (std::size_t i = 0; i < q.size(); ++i) {
          const std::size_t g = i / kernels::kQuantGroup;
          REQUIRE(q[i] <= 127);
          const float wanted = i >= n ? 0.0F : with_factor ? x[i] * factor[i] : x[i];
          const float found = scale[g] * (static_cast<float>(q[i]) - zero[g]);
          REQUIRE(std::abs(found - wanted) <= 0.5001F * scale[g] + 1e-6F);
        }
        scale.insert(scale.end(), zero.begin(), zero.end());
        all.push_back(std::move(q));
        scales.push_back(std::move(scale));
      });
      for (std::size_t level = 1; level < all.size(); ++level) {
        CHECK(all[level] == all[0]);
        CHECK(same_bits(scales[level], scales[0]));
      }
    }
  }
}

TEST_CASE(
    "weights are rounded to the same numbers at every level, within half a step, and no lane of 16 bits overflows") {
  for (const std::size_t n : {1U, 5U, 127U, 128U}) {
    for (const bool alike : {false, true}) {  // equal weights fill every lane
      for (const bool with_factor : {false, true}) {
        const Row w = alike ? Row(n, -0.7F) : numbers(n, 3, 14);
        Row factor = numbers(n, 0.2F, 15);
        for (float& value : factor) value += 1;
        std::vector<std::vector<std::int8_t>> all;
        Row scales;
        at_every_level([&] {
          kernels::RoundedWeights rounded;
          kernels::round_weights({.w = w.data(), .factor = with_factor ? factor.data() : nullptr, .n = n}, rounded);
          std::int32_t sum = 0;
          int positive[kernels::kLanesOfGroup] = {};
          int negative[kernels::kLanesOfGroup] = {};
          for (std::size_t i = 0; i < kernels::kQuantGroup; ++i) {
            const int value = rounded.values[i];
            REQUIRE(std::abs(value) <= kernels::kMaxWeight);
            const float wanted = i >= n ? 0.0F : with_factor ? w[i] * factor[i] : w[i];
            REQUIRE(std::abs(rounded.scale * static_cast<float>(value) - wanted) <= 0.5001F * rounded.scale);
            (value > 0 ? positive : negative)[kernels::lane_of(i)] += value;
            sum += value;
          }
          CHECK(rounded.sum == sum);
          CHECK(*std::ranges::max_element(positive) <= kernels::kMaxLaneSum);
          CHECK(*std::ranges::min_element(negative) >= -kernels::kMaxLaneSum);
          all.emplace_back(rounded.values, rounded.values + kernels::kQuantGroup);
          scales.push_back(rounded.scale);
        });
        for (std::size_t level = 1; level < all.size(); ++level) {
          CHECK(all[level] == all[0]);
          CHECK(scales[level] == scales[0]);
        }
      }
    }
  }
}

TEST_CASE("a group of equal numbers, of zeros, and of numbers of one sign keep 0 exact") {
  at_every_level([] {
    for (const float low : {0.0F, 2.0F, -2.0F}) {
      Row x(kernels::kQuantGroup, low);
      x[3] = 0;
      std::vector<std::uint8_t> q(kernels::kQuantGroup);
      float scale = -1;
      float zero = -1;
      kernels::quantise_row(
          {.x = x.data(), .factor = nullptr, .q = q.data(), .scale = &scale, .zero = &zero, .n = x.size()});
      CHECK(scale * (static_cast<float>(q[3]) - zero) == 0);
      CHECK(scale * (static_cast<float>(q[0]) - zero) == doctest::Approx(low));
    }
  });
}

TEST_CASE("the quantised layer is within 3 % of the exact one, and columns of unlike size gain by their range") {
  at_every_level([] {
    const std::size_t in = 384;
    const std::size_t out = 96;
    const std::size_t rows = 20;
    const Row weight = numbers(in * out, 0.1F, 21);
    const Row bias = numbers(out, 1, 22);
    Row x = numbers(rows * in, 1, 23);
    Row range(in, 1.0F);
    for (std::size_t i = 0; i < in; i += 50) {  // a few columns with large numbers, as encoders have them
      range[i] = 20;
      for (std::size_t row = 0; row < rows; ++row) x[row * in + i] *= 20;
    }
    const Row wanted = exact_product({rows, in, out}, weight, bias, x);
    const auto error = [&](std::span<const float> known_range) {
      Row y(rows * out);
      Scratch scratch;
      linear(PackedLinear::pack({weight, bias}, Precision::i8, known_range), x, scratch, y);
      double off = 0;
      double size = 0;
      for (std::size_t i = 0; i < y.size(); ++i) {
        off += std::pow(static_cast<double>(y[i] - wanted[i]), 2);
        size += std::pow(static_cast<double>(wanted[i]), 2);
      }
      return std::sqrt(off / size);
    };
    const double plain = error({});
    const double ranged = error(range);
    CHECK(plain < 0.03);
    CHECK(ranged < 0.8 * plain);
  });
}

TEST_CASE("a row's result is bitwise the same alone, in any place of a batch and next to any others") {
  at_every_level([] {
    for (const Precision precision : {Precision::f32, Precision::i8}) {
      const std::size_t in = 384;
      const std::size_t out = 72;
      const Row weight = numbers(in * out, 1, 31);
      const Row bias = numbers(out, 1, 32);
      const PackedLinear packed = PackedLinear::pack({weight, bias}, precision);
      const Row one = numbers(in, 1, 33);
      Scratch scratch;
      Row alone(out);
      linear(packed, one, scratch, alone);
      for (const std::size_t rows : {2U, 7U, 12U, 61U}) {
        for (const std::size_t place : {std::size_t{0}, rows / 2, rows - 1}) {
          Row x = numbers(rows * in, 5, static_cast<std::uint32_t>(rows));
          std::copy(one.begin(), one.end(), x.begin() + static_cast<std::ptrdiff_t>(place * in));
          Row y(rows * out);
          linear(packed, x, scratch, y);
          REQUIRE(std::memcmp(y.data() + place * out, alone.data(), out * sizeof(float)) == 0);
        }
      }
    }
  });
}

}  // namespace
}  // namespace attune::nn
