// Any format into our own file, in FP32 and in int8.
#include <cmath>
#include <cstring>

#include <doctest/doctest.h>

#include "model/fixtures.hpp"
#include "model/open_file.hpp"
#include "model/rank_correlation.hpp"
#include "model/tiny_container.hpp"
#include "model/write_model.hpp"
#include "temporary_folder.hpp"

namespace attune {
namespace {

using testing::fixture;
using testing::OpenFile;
using testing::says;

ConversionRequest request_of(const std::filesystem::path& source, const testing::TemporaryFolder& folder,
                             WeightPrecision precision) {
  return {.source = source, .output_directory = folder.path() / "out", .precision = precision, .name = ""};
}

TEST_CASE("a model of each family and format, kept in FP32, computes what its source computes") {
  for (const std::string name : testing::kFixtures) {
    for (const std::string ending : {"", ".onnx"}) {
      if (!std::filesystem::exists(fixture(name + ending))) continue;
      CAPTURE(name);
      const testing::TemporaryFolder folder;
      const auto conversion = convert_model(request_of(fixture(name + ending), folder, WeightPrecision::f32));
      REQUIRE_MESSAGE(conversion, (conversion ? "" : conversion.error().text));
      CHECK(conversion->errors.empty());
      const auto parts = read_model(folder.path() / "out");
      REQUIRE(parts);
      testing::check_golden(parts->weights, name, 2e-5);
      CHECK(parts->description.format == "attune");
      CHECK(parts->description.precision == "f32");
      CHECK(parts->description.name == name);
      CHECK(parts->description.labels == describe_model(fixture(name + ending))->labels);
    }
  }
}

TEST_CASE("int8 keeps hidden states near, uses all of a byte but -128, and gives the same bytes each time") {
  for (const std::string name : testing::kFixtures) {
    CAPTURE(name);
    const testing::TemporaryFolder folder;
    const ConversionRequest request = request_of(fixture(name), folder, WeightPrecision::int8);
    const auto conversion = convert_model(request);
    REQUIRE(conversion);
    REQUIRE(conversion->errors.size() == 3);
    CHECK(conversion->errors[0].part == "embeddings");
    CHECK(conversion->errors[2].part == "layers.1");
    for (const ConversionError& error : conversion->errors) {
      CHECK(error.relative_rms > 0);
      CHECK(error.relative_rms < 0.01);
    }
    const auto parts = read_model(folder.path() / "out");
    REQUIRE(parts);
    CHECK(parts->description.precision == "int8");
    testing::check_golden(parts->weights, name, 0.25);
    CHECK(is_within(parts->weights.words.bytes, 127));
    CHECK_FALSE(is_within(parts->weights.words.bytes, 126));
    CHECK(is_within(parts->weights.layers[1].feed_forward_out.weight.bytes, 127));
    CHECK_FALSE(is_within(parts->weights.layers[1].feed_forward_out.weight.bytes, 126));
    if (parts->weights.head) CHECK(parts->weights.head->classifier.weight.type == NumberType::f32);
    const std::string first = *read_file(folder.path() / "out" / "model.safetensors", 1 << 20);
    REQUIRE(convert_model(request));
    CHECK(first == *read_file(folder.path() / "out" / "model.safetensors", 1 << 20));
  }
}

TEST_CASE("rows are quantised to nearest, symmetric, by their own peak; a row of zeros has scale 0") {
  const std::vector<float> values = {1, -2, 0.5F, 0, 0, 0, 1e-42F, 0, 0, 0.0078F, 128, -128};
  const WeightMatrix matrix{
      NumberType::f32, {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * 4}, {}, 4, 3, false};
  const auto rows = quantise_rows(matrix, 64, "w");
  REQUIRE(rows);
  CHECK(rows->values == std::vector<std::int8_t>{32, -64, 16, 0, 0, 0, rows->values[6], 0, 0, 0, 64, -64});
  CHECK(std::abs(rows->values[6]) <= 64);
  CHECK(rows->scales[0] == 2.0F / 64);
  CHECK(rows->scales[1] == 0);
  std::vector<float> damaged = values;
  damaged[10] = NAN;
  const WeightMatrix bad{NumberType::f32, {reinterpret_cast<const std::uint8_t*>(damaged.data()), 48}, {}, 4, 3, false};
  CHECK(says(quantise_rows(bad, 64, "w").error().text, "tensor 'w'"));
}

TEST_CASE("a Unigram vocabulary in our own file goes along, and 4-bit blocks become int8") {
  const testing::TemporaryFolder folder;
  REQUIRE(write_file_durably(folder.path() / "container.bin", testing::TinyContainer().bytes()));
  ConvertRequest container;
  container.container = folder.path() / "container.bin";
  container.output_directory = folder.path() / "q4";
  REQUIRE(convert_e5_container(container));
  const auto conversion = convert_model(request_of(folder.path() / "q4", folder, WeightPrecision::int8));
  REQUIRE_MESSAGE(conversion, (conversion ? "" : conversion.error().text));
  CHECK(conversion->description.pieces == 9);
  CHECK(conversion->description.query_prefix == "query: ");
  const auto scores = compare_scores(folder.path() / "q4", folder.path() / "out");
  REQUIRE_MESSAGE(scores, (scores ? "" : scores.error().text));
  CHECK(scores->pairs == 276);
  CHECK(scores->lowest_cosine > 0.98);
  CHECK(scores->rank_correlation > 0.9);
  CHECK(scores->hidden_relative_rms > 0);
  CHECK(scores->hidden_relative_rms < 0.2);
}

TEST_CASE("a model is not replaced by its own conversion") {
  const testing::TemporaryFolder folder;
  std::filesystem::copy(fixture("bert"), folder.path() / "out");
  const auto conversion = convert_model(request_of(folder.path() / "out", folder, WeightPrecision::int8));
  REQUIRE_FALSE(conversion);
  CHECK(conversion.error().kind == ErrorKind::bad_input);
  CHECK(describe_model(folder.path() / "out")->format == "hugging-face");
}

TEST_CASE("our own file in int8 with one flaw is refused, naming tensor or field") {
  const testing::TemporaryFolder folder;
  REQUIRE(convert_model(request_of(fixture("bert-pairs"), folder, WeightPrecision::int8)));
  const std::filesystem::path path = folder.path() / "out" / "model.safetensors";
  const OpenFile good = OpenFile::read(path);
  const auto said = [&](const std::function<void(OpenFile&)>& change, ErrorKind kind = ErrorKind::corrupt) {
    OpenFile file = good;
    change(file);
    file.write(path);
    const auto parts = read_model(folder.path() / "out");
    if (parts) return std::string();
    CHECK(parts.error().kind == kind);
    return parts.error().text;
  };
  CHECK(said([](OpenFile&) {}).empty());
  CHECK(says(said([](OpenFile& f) { f.patch("layers.0.key.weight", 5, "\x80"); }),
             "'layers.0.key.weight': holds an int8"));
  CHECK(says(said([](OpenFile& f) { f.patch("embeddings.word", 0, "\x80"); }), "'embeddings.word': holds an int8"));
  const std::string name = "layers.1.query.weight.scales";
  CHECK(says(said([&](OpenFile& f) { f.patch(name, 0, testing::float_bytes(-1)); }), "'" + name + "': holds a scale"));
  CHECK(says(said([&](OpenFile& f) { f.patch(name, 0, testing::float_bytes(INFINITY)); }), "'" + name + "'"));
  CHECK(says(said([&](OpenFile& f) { f.header["other"] = f.header[name], f.header.erase(name); }), "'" + name + "'"));
  const auto field = [&](const char* key, const char* value, ErrorKind kind = ErrorKind::corrupt) {
    return said([&](OpenFile& f) { f.header["__metadata__"][key] = value; }, kind);
  };
  CHECK(says(field("labels", "[\"one\", \"two\"]"), "'head.classifier"));
  CHECK(says(field("labels", "[1]"), "'labels'"));
  CHECK(says(field("token_types", "3"), "'embeddings.token_type'"));
  CHECK(says(field("vocabulary", "41"), "'embeddings.word"));
  CHECK(says(field("max_tokens", "21"), "'max_tokens'"));
  CHECK(says(field("gelu", "relu", ErrorKind::unsupported), "'gelu'"));
  CHECK(says(field("head_activation", "gelu", ErrorKind::unsupported), "'head_activation'"));
  CHECK(says(field("unit_length", "maybe", ErrorKind::unsupported), "'unit_length'"));
}

TEST_CASE("rank correlation is 1 for the same order, -1 for the reverse, and shares the ranks of ties") {
  CHECK(rank_correlation({1, 2, 3, 4}, {10, 20, 25, 90}) == doctest::Approx(1));
  CHECK(rank_correlation({1, 2, 3, 4}, {4, 3, 2, 1}) == doctest::Approx(-1));
  CHECK(rank_correlation({1, 2, 3}, {5, 5, 5}) == 0);
  CHECK(rank_correlation({1, 2, 2, 3}, {1, 2, 2, 3}) == doctest::Approx(1));
  CHECK(rank_correlation({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}) == doctest::Approx(0.8));
}

}  // namespace
}  // namespace attune
