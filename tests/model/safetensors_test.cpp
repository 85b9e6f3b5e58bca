#include "model/safetensors.hpp"

#include <cstring>

#include <doctest/doctest.h>

namespace {

using attune::ErrorKind;
using attune::Safetensors;
using attune::SafetensorsBuilder;
using attune::TensorType;

std::string file_of(const std::string& json, std::size_t data_bytes) {
  std::string bytes(8, '\0');
  const std::uint64_t length = json.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + json + std::string(data_bytes, 'x');
}

// The file must be refused with this kind and a text that holds `said`.
void check_refused(const std::string& bytes, std::string_view said, ErrorKind kind = ErrorKind::corrupt) {
  const auto file = Safetensors::parse(bytes);
  CAPTURE(said);
  REQUIRE_FALSE(file);
  CAPTURE(file.error().text);
  CHECK(file.error().kind == kind);
  CHECK(file.error().text.find(said) != std::string::npos);
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

}  // namespace

TEST_CASE("what is written is read back: tensors of each type, metadata, alignment, the same bytes each time") {
  SafetensorsBuilder builder;
  builder.set("name", "tiny \"model\" 网");
  builder.add("small", {3}, std::vector<std::uint8_t>{1, 2, 3});
  builder.add("floats", {2, 2}, std::vector<float>{1, -2, 0.5F, 1e-20F});
  builder.add("ids", {2}, std::vector<std::int32_t>{-1, 7});
  builder.add("points", {1}, std::vector<std::uint32_t>{0x10FFFF});
  builder.add("nothing", {0}, std::vector<std::uint8_t>{});
  const std::string bytes = builder.bytes();
  CHECK(bytes == builder.bytes());

  const auto file = Safetensors::parse(bytes);
  REQUIRE(file);
  CHECK(file->metadata().at("name") == "tiny \"model\" 网");
  CHECK(*file->numbers<float>("floats", {2, 2}) == std::vector<float>{1, -2, 0.5F, 1e-20F});
  CHECK(*file->numbers<std::int32_t>("ids", {2}) == std::vector<std::int32_t>{-1, 7});
  CHECK(*file->numbers<std::uint32_t>("points", {1}) == std::vector<std::uint32_t>{0x10FFFF});
  CHECK(*file->numbers<std::uint8_t>("small", {3}) == std::vector<std::uint8_t>{1, 2, 3});
  CHECK(file->numbers<std::uint8_t>("nothing", {0})->empty());
  CHECK(*file->length("small", TensorType::u8) == 3);
  const auto floats = file->tensor("floats", TensorType::f32, {2, 2});
  CHECK((floats->data() - reinterpret_cast<const std::uint8_t*>(file->bytes().data())) % 4 == 0);
}

TEST_CASE("asking for an absent tensor, another type or another shape names the tensor") {
  SafetensorsBuilder builder;
  builder.add("w", {2, 3}, std::vector<float>(6));
  const auto file = Safetensors::parse(builder.bytes());
  REQUIRE(file);
  for (const auto& answer :
       {file->tensor("absent", TensorType::f32, {2, 3}), file->tensor("w", TensorType::i32, {2, 3}),
        file->tensor("w", TensorType::f32, {3, 2}), file->tensor("w", TensorType::f32, {6})}) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::corrupt);
    CHECK(answer.error().text.find("tensor '") != std::string::npos);
  }
  CHECK_FALSE(file->length("w", TensorType::f32));
  CHECK_FALSE(file->length("absent", TensorType::f32));
}

TEST_CASE("truncated: every cut of a file is refused") {
  SafetensorsBuilder builder;
  builder.set("a", "b");
  builder.add("w", {5}, std::vector<float>(5));
  const std::string bytes = builder.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(Safetensors::parse(bytes.substr(0, size)));
}

TEST_CASE("oversized: a header length beyond the file or the bound is refused before anything is read") {
  std::string bytes(8, '\xFF');
  check_refused(bytes, "longer than it may be");
  check_refused(std::string("\x00\x01\x00\x00\x00\x00\x00\x00{}", 10), "ends within its header");
}

TEST_CASE("wrong type: a header that is not what it should be is refused") {
  check_refused(file_of("", 0), "not JSON");
  check_refused(file_of("{", 0), "not JSON");
  check_refused(file_of("[]", 0), "not an object");
  check_refused(file_of("{\"w\":3}", 0), "'w'");
  check_refused(file_of("{\"w\":{}}", 0), "'w'");
  check_refused(file_of("{\"__metadata__\":{\"a\":1}}", 0), "metadata 'a'");
  check_refused(file_of("{" + entry("w", "F8_E4M3", "[1]", "[0,1]") + "}", 1), "F8_E4M3", ErrorKind::unsupported);
  check_refused(file_of("{" + entry("w", "F32", "[-1]", "[0,4]") + "}", 4), "'w'");
  check_refused(file_of("{" + entry("w", "F32", "[1.5]", "[0,4]") + "}", 4), "'w'");
  check_refused(file_of("{" + entry("w", "F32", "[[1]]", "[0,4]") + "}", 4), "'w'");
  check_refused(file_of("{" + entry("w", "F32", "[1]", "[0,4,8]") + "}", 4), "'w'");
  std::string deep;
  for (int level = 0; level < 10'000; ++level) deep += "[";
  check_refused(file_of("{\"w\":" + deep, 0), "nested too deeply");
}

TEST_CASE("hostile offsets and shapes are refused, naming the tensor") {
  check_refused(file_of("{" + entry("far", "F32", "[1]", "[4,8]") + "}", 4), "'far': lies outside");
  check_refused(file_of("{" + entry("back", "F32", "[1]", "[4,0]") + "}", 4), "'back': lies outside");
  check_refused(file_of("{" + entry("huge", "F32", "[4611686018427387904,4]", "[0,0]") + "}", 4), "'huge'");
  check_refused(file_of("{" + entry("wide", "F32", "[1]", "[0,8]") + "}", 8), "'wide': its shape does not fit");
  check_refused(file_of("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[2,6]") + "}", 6),
                "'b': overlaps");
  check_refused(file_of("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[6,10]") + "}", 10),
                "'b': bytes before it");
  check_refused(file_of("{" + entry("a", "F32", "[1]", "[0,4]") + "}", 6), "behind the last tensor");
  check_refused(file_of("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("a", "F32", "[1]", "[0,4]") + "}", 4),
                "'a': is named twice");
}
