// The same encoders in each format, held against what `transformers` computes with them.
#include <cstring>

#include <doctest/doctest.h>

#include "model/fixtures.hpp"
#include "model/read_model.hpp"

namespace attune {
namespace {

using testing::check_golden;
using testing::fixture;

// FP32 in torch against double here, and six decimals in the golden files.
constexpr double kTolerance = 2e-5;

TEST_CASE("a Hugging Face directory gives the hidden states and logits that transformers computes") {
  for (const char* name : testing::kFixtures) {
    CAPTURE(name);
    const auto parts = read_model(fixture(name));
    REQUIRE_MESSAGE(parts, (parts ? "" : parts.error().text));
    check_golden(parts->weights, name, kTolerance);
    CHECK(parts->description.format == "hugging-face");
  }
}

TEST_CASE("an ONNX export without a config gives the same, and the same shape as the directory that it came from") {
  for (const std::string name : testing::kExportedFixtures) {
    CAPTURE(name);
    const auto parts = read_model(fixture(name + ".onnx"));
    REQUIRE_MESSAGE(parts, (parts ? "" : parts.error().text));
    check_golden(parts->weights, name, kTolerance);
    CHECK(parts->description.format == "onnx");
    const auto directory = read_model(fixture(name));
    REQUIRE(directory);
    const EncoderShape& left = parts->weights.shape;
    const EncoderShape& right = directory->weights.shape;
    CHECK(left.layers == right.layers);
    CHECK(left.heads == right.heads);
    CHECK(left.positions == right.positions);
    CHECK(left.first_position == right.first_position);
    CHECK(left.token_types == right.token_types);
    CHECK(left.vocabulary == right.vocabulary);
    CHECK(left.epsilon == right.epsilon);
    CHECK(left.gelu == right.gelu);
  }
}

TEST_CASE("a model says its kind, the precision of its weights, its token types and its labels") {
  const auto roberta = describe_model(fixture("roberta-pairs"));
  REQUIRE(roberta);
  CHECK(roberta->architecture == "roberta");
  CHECK(roberta->precision == "bf16");
  CHECK(roberta->token_types == 1);
  CHECK(roberta->labels == std::vector<std::string>{"LABEL_0"});
  CHECK(roberta->max_positions == 20);
  const auto bert = describe_model(fixture("bert-pairs"));
  REQUIRE(bert);
  CHECK(bert->precision == "f16");
  CHECK(bert->token_types == 2);
  CHECK(bert->labels.size() == 3);
  const auto distilbert = describe_model(fixture("distilbert"));
  REQUIRE(distilbert);
  CHECK(distilbert->precision == "f32");
  CHECK(distilbert->token_types == 0);
  CHECK(distilbert->labels.empty());
  CHECK(distilbert->width == 16);
  CHECK(distilbert->feed_forward == 32);
}

// A matrix of 5 rows and 3 columns, r · 3 + c - 7 at (r, c), in every way that a file can hold it.
struct Example {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> scales;
  WeightMatrix matrix;
};

template <typename Make>
Example example(NumberType type, bool transposed, std::size_t size, Make make) {
  Example made;
  for (std::size_t index = 0; index < 15; ++index) {
    const std::size_t place = transposed ? index % 5 * 3 + index / 5 : index;
    const auto bits = make(static_cast<float>(place) - 7);
    const auto* first = reinterpret_cast<const std::uint8_t*>(&bits);
    made.bytes.insert(made.bytes.end(), first, first + size);
  }
  made.matrix = {type, made.bytes, {}, 5, 3, transposed};
  return made;
}

std::uint16_t upper_half(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, 4);
  return static_cast<std::uint16_t>(bits >> 16U);
}

// For small whole numbers.
std::uint16_t half_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, 4);
  if (value == 0) return 0;
  const std::uint32_t exponent = (bits >> 23U & 0xFFU) - 112;
  return static_cast<std::uint16_t>((bits >> 16U & 0x8000U) | exponent << 10U | (bits >> 13U & 0x3FFU));
}

TEST_CASE("rows read the same from every type of number, transposed or not, from any row on") {
  std::vector<Example> examples;
  for (const bool transposed : {false, true}) {
    examples.push_back(example(NumberType::f32, transposed, 4, [](float value) { return value; }));
    examples.push_back(example(NumberType::f16, transposed, 2, half_of));
    examples.push_back(example(NumberType::bf16, transposed, 2, upper_half));
  }
  examples.push_back(
      example(NumberType::i8, false, 1, [](float value) { return static_cast<std::int8_t>(value * 2); }));
  const std::vector<float> halves(5, 0.5F);
  examples.back().matrix.row_scales = {reinterpret_cast<const std::uint8_t*>(halves.data()), 20};
  for (const Example& each : examples) {
    for (std::size_t first = 0; first < 5; ++first) {
      for (std::size_t count = 1; first + count <= 5; ++count) {
        std::vector<float> out(count * 3);
        WeightMatrix matrix = each.matrix;
        matrix.bytes = each.bytes;
        read_rows(matrix, first, count, out);
        for (std::size_t index = 0; index < out.size(); ++index) {
          CHECK(out[index] == static_cast<float>(first * 3 + index) - 7);
        }
      }
    }
  }
}

TEST_CASE("every FP16 number reads as what its bits say: normal, subnormal, infinite, not a number") {
  for (std::uint32_t half = 0; half < 65536; ++half) {
    const std::uint8_t bytes[] = {static_cast<std::uint8_t>(half), static_cast<std::uint8_t>(half >> 8U)};
    float found = 0;
    read_rows({NumberType::f16, bytes, {}, 1, 1, false}, 0, 1, std::span(&found, 1));
    const int exponent = static_cast<int>(half >> 10U & 31U);
    const auto fraction = static_cast<float>(half & 1023U);
    float wanted = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) wanted = fraction == 0 ? INFINITY : NAN;
    if ((half & 0x8000U) != 0) wanted = -wanted;
    const bool same =
        std::isnan(wanted) ? std::isnan(found) : found == wanted && std::signbit(found) == std::signbit(wanted);
    if (!same) CAPTURE(half);
    REQUIRE(same);
  }
}

}  // namespace
}  // namespace attune
