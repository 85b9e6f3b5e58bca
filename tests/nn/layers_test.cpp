// Layers on examples small enough to work out by hand.
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "attune/nn.hpp"

#include "nn/golden_numbers.hpp"
#include "nn/levels.hpp"

namespace {

namespace nn = attune::nn;
using attune::nn::testing::check_near;
using attune::nn::testing::numbers;
using attune::nn::testing::Row;

// linear() with FP32 weights that are packed for the occasion.
void exact_linear(const nn::LinearWeights& weights, const Row& x, Row& y) {
  nn::Scratch scratch;
  nn::linear(nn::PackedLinear::pack(weights, nn::Precision::f32), x, scratch, y);
}

// Self-attention of rows that hold query, key and value one after the other [T, 3 W].
Row attention(const Row& qkv, std::size_t heads, std::size_t width, Row* weights = nullptr) {
  const std::size_t tokens = qkv.size() / (3 * width);
  Row q;
  Row kv;
  for (std::size_t token = 0; token < tokens; ++token) {
    const auto row = qkv.begin() + static_cast<std::ptrdiff_t>(token * 3 * width);
    q.insert(q.end(), row, row + static_cast<std::ptrdiff_t>(width));
    kv.insert(kv.end(), row + static_cast<std::ptrdiff_t>(width), row + static_cast<std::ptrdiff_t>(3 * width));
  }
  Row out(tokens * width);
  nn::Scratch scratch;
  if (weights != nullptr) weights->assign(heads * tokens * tokens, 0);
  nn::self_attention({.q = q,
                      .kv = kv,
                      .heads = heads,
                      .width = width,
                      .out = out,
                      .weights = weights == nullptr ? std::span<float>() : std::span<float>(*weights)},
                     scratch);
  return out;
}

}  // namespace

TEST_CASE("linear: y = x wᵀ + b") {
  const Row weight = {1, 2, 3, -1, 0, 1};  // [2, 3]
  const Row bias = {10, 20};
  const Row x = {1, 1, 1, 2, 0, -1};  // [2, 3]
  Row y(4);
  exact_linear({weight, bias}, x, y);
  check_near(y, {16, 20, 9, 17});
}

TEST_CASE(
    "linear: large products agree with sums in FP64, and a row does not depend on what else was computed before") {
  const std::size_t in = 384;
  const std::size_t out = 200;
  const Row weight = numbers(in * out, 1, 1);
  const Row bias = numbers(out, 1, 2);
  const Row x = numbers(in * 31, 1, 3);
  Row y(31 * out);
  exact_linear({weight, bias}, x, y);
  for (std::size_t token = 0; token < 31; token += 10) {
    for (std::size_t column = 0; column < out; ++column) {
      double wanted = static_cast<double>(bias[column]);
      for (std::size_t i = 0; i < in; ++i) {
        wanted += static_cast<double>(weight[column * in + i]) * static_cast<double>(x[token * in + i]);
      }
      REQUIRE(std::abs(static_cast<double>(y[token * out + column]) - wanted) < 2e-4);
    }
  }
  Row again(31 * out, 99.0F);
  exact_linear({weight, bias}, x, again);
  CHECK(std::memcmp(y.data(), again.data(), y.size() * sizeof(float)) == 0);
}

TEST_CASE("attention: one head, two tokens, worked by hand") {
  // Queries (1, 0) and (0, 2), keys (1, 0) and (0, 1), values (1, 2) and (3, 5); D = 2, so scores are divided by √2.
  const Row qkv = {1, 0, 1, 0, 1, 2, /* token 2 */ 0, 2, 0, 1, 3, 5};
  Row weights;
  const Row out = attention(qkv, 1, 2, &weights);
  const double first = 1 / (1 + std::exp(-1 / std::sqrt(2.0)));   // weight of token 1 for query 1
  const double second = 1 / (1 + std::exp(-2 / std::sqrt(2.0)));  // weight of token 2 for query 2
  check_near(out, {static_cast<float>(first + (1 - first) * 3), static_cast<float>(first * 2 + (1 - first) * 5),
                   static_cast<float>((1 - second) + second * 3), static_cast<float>((1 - second) * 2 + second * 5)});
  check_near(weights, {static_cast<float>(first), static_cast<float>(1 - first), static_cast<float>(1 - second),
                       static_cast<float>(second)});
}

TEST_CASE("attention: equal keys share their weight equally, in each head by itself") {
  const std::size_t tokens = 5;
  const std::size_t width = 64;  // two heads of 32
  Row qkv = numbers(tokens * 3 * width, 1, 5);
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t column = 0; column < width; ++column) qkv[token * 3 * width + width + column] = 0.25F;
  }
  const Row out = attention(qkv, 2, width);
  for (std::size_t column = 0; column < width; ++column) {
    double mean = 0;
    for (std::size_t token = 0; token < tokens; ++token) {
      mean += static_cast<double>(qkv[token * 3 * width + 2 * width + column]) / static_cast<double>(tokens);
    }
    for (std::size_t token = 0; token < tokens; ++token) {
      REQUIRE(std::abs(static_cast<double>(out[token * width + column]) - mean) < 1e-6);
    }
  }
}

TEST_CASE("attention: heads read only their own columns") {
  const std::size_t tokens = 7;
  const std::size_t width = 64;
  Row qkv = numbers(tokens * 3 * width, 1, 6);
  const Row before = attention(qkv, 2, width);
  for (std::size_t token = 0; token < tokens; ++token) {  // change the second head's query, key and value
    for (std::size_t part = 0; part < 3; ++part) qkv[token * 3 * width + part * width + 40] += 1.0F;
  }
  const Row after = attention(qkv, 2, width);
  bool second_changed = false;
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t column = 0; column < 32; ++column) {
      REQUIRE(before[token * width + column] == after[token * width + column]);
    }
    second_changed = second_changed || before[token * width + 40] != after[token * width + 40];
  }
  CHECK(second_changed);
}

TEST_CASE("layer norm: a row with its residual, by hand") {
  const Row scale = {1, 2, 1};
  const Row shift = {0, 0, 10};
  Row x = {1, 1, 0};
  const Row residual = {0, 1, 3};  // sum (1, 2, 3): mean 2, variance 2/3
  nn::add_layer_norm({scale, shift, 1e-12F}, residual, x);
  const float unit = static_cast<float>(std::sqrt(1.5));
  check_near(x, {-unit, 0, 10 + unit});
}

TEST_CASE("feed-forward: two units and their GELU by hand, in both forms") {
  const Row up = {1, 0, 0, 1};    // [2, 2]
  const Row down = {1, 0, 0, 1};  // [2, 2]
  const Row up_bias = {0, 1};
  const Row down_bias = {0, 10};
  const auto packed_up = nn::PackedLinear::pack({up, up_bias}, nn::Precision::f32);
  const auto packed_down = nn::PackedLinear::pack({down, down_bias}, nn::Precision::f32);
  nn::Scratch scratch;
  Row y(2);
  nn::feed_forward({packed_up, packed_down}, Row{1, 1}, scratch, y);  // GELU(1) and GELU(2)
  check_near(y, {0.84134475F, 10 + 1.9544997F}, 2e-6);
  nn::feed_forward({packed_up, packed_down, nn::GeluForm::tanh}, Row{1, 1}, scratch, y);
  check_near(y, {0.841192F, 10 + 1.954598F}, 2e-6);
}

TEST_CASE("pooling: the mean, the mean that counts later tokens more, and length 1") {
  Row out(2);
  nn::mean_pool(Row{1, 0, 5, 8}, false, out);
  check_near(out, {3, 4});
  nn::to_unit_length(out);
  check_near(out, {0.6F, 0.8F});
  nn::mean_pool(Row{0, 3, 3, 0}, true, out);  // (1 · (0, 3) + 2 · (3, 0)) / 3
  check_near(out, {2, 1});
  Row zeros = {0, 0};
  nn::to_unit_length(zeros);
  check_near(zeros, {0, 0});
}

TEST_CASE("4-bit blocks: scale, low nibbles first, eight is zero") {
  std::array<std::uint8_t, 18> block{};
  block[0] = 0x00;
  block[1] = 0x38;  // FP16 0.5
  for (std::size_t index = 0; index < 16; ++index) {
    block[2 + index] = static_cast<std::uint8_t>(index | ((15 - index) << 4U));
  }
  Row out(32);
  nn::unpack_q4(block, out);
  for (std::size_t index = 0; index < 16; ++index) {
    const float low = (static_cast<float>(index) - 8) * 0.5F;
    CHECK(out[index] == low);
    CHECK(out[16 + index] == -low - 0.5F);
  }
}

TEST_CASE("4-bit blocks: every FP16 scale is read exactly") {
  const auto scale_read = [](unsigned bits) {
    std::array<std::uint8_t, 18> block{};
    block[0] = static_cast<std::uint8_t>(bits & 255U);
    block[1] = static_cast<std::uint8_t>(bits >> 8U);
    block[2] = 9;  // weight 0 is 1 · scale
    Row out(32);
    nn::unpack_q4(block, out);
    CHECK(nn::q4_is_finite(block) == std::isfinite(out[0]));
    return out[0];
  };
  CHECK(scale_read(0x3C00) == 1.0F);
  CHECK(scale_read(0xC000) == -2.0F);
  CHECK(scale_read(0x7BFF) == 65504.0F);
  CHECK(scale_read(0x0400) == std::ldexp(1.0F, -14));
  CHECK(scale_read(0x0001) == std::ldexp(1.0F, -24));
  CHECK(scale_read(0x83FF) == -std::ldexp(1023.0F, -24));
  CHECK(std::isinf(scale_read(0x7C00)));
  CHECK(std::isnan(scale_read(0x7E00)));
}
