// ONNX files with one flaw each, and hostile ones. What is said must name the tensor, the node or the part.
#include <functional>

#include <doctest/doctest.h>

#include "attune/core/file.hpp"

#include "model/fixtures.hpp"
#include "model/onnx_encoder.hpp"
#include "model/open_file.hpp"
#include "model/protobuf_wire.hpp"
#include "model/read_model.hpp"
#include "temporary_folder.hpp"

namespace attune {
namespace {

using testing::says;

// Protobuf by hand.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7U) bytes += static_cast<char>((value & 127U) | 128U);
  return bytes + static_cast<char>(value);
}
std::string number(std::uint64_t field, std::uint64_t value) {
  return varint(field << 3U) + varint(value);
}
std::string part(std::uint64_t field, const std::string& bytes) {
  return varint((field << 3U) | 2U) + varint(bytes.size()) + bytes;
}
std::string model_of(const std::string& graph) {
  return part(7, graph);
}

std::string said(const std::string& bytes, ErrorKind kind) {
  const auto graph = parse_onnx(bytes);
  if (graph) return "";
  CHECK(graph.error().kind == kind);
  return graph.error().text;
}

struct Export {
  explicit Export(const std::string& name) : bytes(*read_file(testing::fixture(name + ".onnx"), 1 << 20)) {}

  void replace(const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    std::size_t count = 0;
    for (std::size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1)) {
      bytes.replace(at, from.size(), to);
      ++count;
    }
    REQUIRE(count > 0);
  }
  // What reading says, with `config` beside it if there is one.
  [[nodiscard]] std::string said(ErrorKind kind, const std::string& config = "") const {
    const testing::TemporaryFolder folder;
    folder.write("model.onnx", bytes);
    if (!config.empty()) folder.write("config.json", config);
    const auto parts = read_model(folder.path());
    if (parts) return "";
    CHECK(parts.error().kind == kind);
    return parts.error().text;
  }

  std::string bytes;
};

TEST_CASE("truncated: every cut of an export is refused") {
  const std::string bytes = Export("bert").bytes;
  for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 997) {
    Export cut("bert");
    cut.bytes.resize(size);
    CHECK(says(cut.said(ErrorKind::corrupt), ""));
    CHECK_FALSE(cut.said(ErrorKind::corrupt).empty());
  }
}

TEST_CASE("wrong type: what is no ONNX model is refused") {
  CHECK(says(said("", ErrorKind::corrupt), "no graph"));
  CHECK(says(said("PK\x03\x04 zip", ErrorKind::corrupt), "damaged"));
  CHECK(says(said(std::string(100, '\xFF'), ErrorKind::corrupt), "damaged"));
  CHECK(says(said(model_of("") + model_of(""), ErrorKind::corrupt), "two graphs"));
  CHECK(says(said(model_of("") + part(25, ""), ErrorKind::unsupported), "functions of its own"));
  CHECK(said(model_of(""), ErrorKind::internal).empty());
}

TEST_CASE("hostile lengths, varints without an end, groups and wrong kinds of fields are damage") {
  CHECK(says(said(varint((7U << 3U) | 2U) + varint(1ULL << 62U), ErrorKind::corrupt), "damaged"));
  CHECK(says(said(model_of(std::string(1, '\x0A') + std::string(11, '\x80')), ErrorKind::corrupt), "graph"));
  CHECK(says(said(model_of(varint((1U << 3U) | 3U)), ErrorKind::corrupt), "graph"));
  CHECK(says(said(model_of(number(1, 5)), ErrorKind::corrupt), "graph"));
  CHECK(says(said(model_of(part(1, number(4, 5))), ErrorKind::corrupt), "node"));
  CHECK(says(said(model_of(part(5, part(2, "x"))), ErrorKind::corrupt), "tensor"));
  CHECK(says(said(model_of(part(5, part(1, "\x80"))), ErrorKind::corrupt), "list of integers"));
  CHECK(
      says(said(model_of(part(5, part(8, "w") + part(1, std::string(9, '\x01')))), ErrorKind::corrupt), "dimensions"));
}

TEST_CASE("oversized: a graph of a million empty parts is refused before it takes memory") {
  std::string graph;
  for (int index = 0; index < 300'000; ++index) graph += part(1, "");
  CHECK(says(said(model_of(graph), ErrorKind::too_large), "too many parts"));
}

TEST_CASE("a tensor that is there twice, or whose values are in another file, is named") {
  const std::string tensor = part(5, part(8, "weight") + number(2, 1));
  CHECK(says(said(model_of(tensor + tensor), ErrorKind::corrupt), "'weight'"));
  for (const std::string& outside : {part(13, ""), number(14, 1)}) {
    const std::string bytes = model_of(part(5, part(8, "weight") + outside));
    const auto graph = parse_onnx(bytes);
    REQUIRE(graph);
    const auto named = name_tensors(*graph);
    REQUIRE_FALSE(named);
    CHECK(named.error().kind == ErrorKind::unsupported);
    CHECK(says(named.error().text, "'weight': its values are in another file"));
  }
}

TEST_CASE("operations that no plain encoder has are refused by name: fused, quantised, rotary") {
  Export rotary("bert");
  rotary.replace(
      "\x22\x03"
      "Erf",
      "\x22\x03"
      "Sin");  // field 4, three bytes
  CHECK(says(rotary.said(ErrorKind::unsupported), "operation Sin"));
  const std::string fused = model_of(part(1, part(3, "n1") + part(4, "BiasGelu") + part(7, "com.microsoft")));
  const auto graph = parse_onnx(fused);
  REQUIRE(graph);
  CHECK(says(check_operations(*graph).error().text, "node 'n1': operation BiasGelu"));
}

TEST_CASE("another activation, lost names and tensors that do not fit are refused by name") {
  Export relu("bert");
  relu.replace(
      "\x22\x03"
      "Erf",
      "\x22\x03"
      "Abs");
  CHECK(says(relu.said(ErrorKind::unsupported), "activation"));
  Export nameless("bert");
  nameless.replace("encoder.layer.1.output.dense.bias", "encoder.layer.1.output.dense.bios");
  CHECK(says(nameless.said(ErrorKind::corrupt), "'encoder.layer.1.output.dense.bias'"));
  Export other("bert");
  other.replace("encoder.layer.", "decoder.block.");
  CHECK(says(other.said(ErrorKind::unsupported), "encoder.layer.…"));
}

TEST_CASE("a config.json beside an export counts, and must fit its graph") {
  const std::string config = *read_file(testing::fixture("bert") / "config.json", 1 << 20);
  const Export good("bert");
  CHECK(good.said(ErrorKind::internal, config).empty());
  testing::Json json = testing::Json::parse(config);
  json["num_attention_heads"] = 4;
  CHECK(says(good.said(ErrorKind::corrupt, json.dump()), "config.json says 4 heads, the graph has 2"));
  json = testing::Json::parse(config);
  json["intermediate_size"] = 64;
  CHECK(says(good.said(ErrorKind::corrupt, json.dump()), "'encoder.layer.0.intermediate.dense.weight'"));
}

TEST_CASE("matrices keep their names by the node's path where their bias has lost its own") {
  const std::string weight =
      part(5, number(1, 2) + number(1, 3) + number(2, 1) + part(8, "onnx::MatMul_9") + part(9, std::string(24, '\0')));
  const std::string node = part(1, part(1, "x") + part(1, "onnx::MatMul_9") + part(2, "y") + part(4, "MatMul") +
                                       part(3, "/encoder/layer.0/output/dense/MatMul"));
  const std::string bytes = model_of(weight + node);
  const auto graph = parse_onnx(bytes);
  REQUIRE(graph);
  const auto named = name_tensors(*graph);
  REQUIRE(named);
  const TensorView* view = named->find("encoder.layer.0.output.dense.weight");
  REQUIRE(view != nullptr);
  CHECK(view->transposed);
  CHECK(view->shape == std::vector<std::uint64_t>{3, 2});
}

}  // namespace
}  // namespace attune
