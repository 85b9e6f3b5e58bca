// An ONNX file's graph: its nodes and its constant tensors, as views into the file. Nothing is computed; what a graph
// means is found out in onnx_tensors.cpp and onnx_config.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune {

// ONNX's numbers for types, those that matter here.
enum class OnnxType : std::int32_t { undefined = 0, f32 = 1, i32 = 6, i64 = 7, f16 = 10, bf16 = 16 };

struct OnnxTensor {
  std::string_view name;
  OnnxType type = OnnxType::undefined;
  std::vector<std::uint64_t> shape;
  std::string_view bytes;              // little-endian values; empty if `integers` has them or there are none
  std::vector<std::int64_t> integers;  // int64_data of small tensors
  bool external = false;               // the values are in another file
  bool scattered = false;              // the values are in a form that this program does not read
};

struct OnnxAttribute {
  std::string_view name;
  std::int64_t integer = 0;
  float number = 0;
  std::string_view text;
  std::vector<std::int64_t> integers;
  std::optional<OnnxTensor> tensor;
};

struct OnnxNode {
  std::string_view name;
  std::string_view operation;  // "MatMul"
  std::string_view domain;     // "" is ONNX's own
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<OnnxAttribute> attributes;

  [[nodiscard]] const OnnxAttribute* attribute(std::string_view wanted) const;
};

struct OnnxGraph {
  std::vector<OnnxNode> nodes;                       // each after those whose outputs it reads
  std::map<std::string_view, OnnxTensor> constants;  // initialisers, Constant nodes, and what Identity makes of them
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
};

// Views into `bytes`, which must outlive the answer. Fails with corrupt: truncated, no graph, a name given twice; with
// too_large past bounds on the numbers of nodes, tensors and names; with unsupported for a graph with functions of its
// own.
Result<OnnxGraph> parse_onnx(std::string_view bytes);

// The values of a small tensor of integers (at most 64); nothing if it is anything else.
std::optional<std::vector<std::int64_t>> integers_of(const OnnxTensor& tensor);
// The value of a tensor with one FP32 or FP16 number.
std::optional<float> scalar_of(const OnnxTensor& tensor);

}  // namespace attune
