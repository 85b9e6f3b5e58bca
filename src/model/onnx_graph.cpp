#include "model/onnx_graph.hpp"

#include <algorithm>
#include <cstring>

#include "model/encoder_weights.hpp"
#include "model/protobuf_wire.hpp"

namespace attune {
namespace {

// A parsed part takes more memory than its bytes, so each kind of part is counted, over the whole file. An encoder of
// 24 layers has some 3,000 nodes.
constexpr std::size_t kMaxParts = 250'000;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kMaxIntegers = 64;

class Parser {
 public:
  Result<OnnxGraph> model(std::string_view bytes);

 private:
  void graph(std::string_view bytes, OnnxGraph& graph);
  OnnxNode node(std::string_view bytes);
  OnnxAttribute attribute(std::string_view bytes);
  OnnxTensor tensor(std::string_view bytes);
  std::string_view value_name(std::string_view bytes);
  void float_data(WireReader& reader, OnnxTensor& tensor);
  void dimension(std::uint64_t size, OnnxTensor& tensor);
  void add_constant(std::string_view name, const OnnxTensor& tensor, OnnxGraph& graph);
  void add_constants_of_nodes(OnnxGraph& graph);

  // Calls take(value) for one integer or a packed list of them.
  template <typename Take>
  void integers(WireReader& reader, Take take);
  void count() {
    if (++parts_ > kMaxParts) fail(Error{ErrorKind::too_large, "the graph has too many parts"});
  }
  void finish(const WireReader& reader, const char* part) {
    if (reader.failed())
      fail(Error{ErrorKind::corrupt, std::string("the file is damaged or cut short inside ") + part});
  }
  void fail(Error error) {
    if (status_) status_ = std::move(error);
  }

  Status status_;
  std::size_t parts_ = 0;
};

template <typename Take>
void Parser::integers(WireReader& reader, Take take) {
  if (!reader.is_packed()) return take(reader.number());
  PackedVarints list(reader.bytes());
  for (std::uint64_t value = 0; status_ && list.next(value);) take(value);
  if (list.failed()) fail(Error{ErrorKind::corrupt, "a list of integers is damaged"});
}

void Parser::dimension(std::uint64_t size, OnnxTensor& tensor) {
  if (tensor.shape.size() == kMaxDimensions) {
    return fail(Error{ErrorKind::corrupt, "tensor '" + std::string(tensor.name) + "': has too many dimensions"});
  }
  tensor.shape.push_back(size);
}

// Values of FP32 stand in the file as they do in memory, if they stand in one piece.
void Parser::float_data(WireReader& reader, OnnxTensor& tensor) {
  if (!tensor.bytes.empty()) tensor.scattered = true;
  if (reader.is_packed()) {
    tensor.bytes = reader.bytes();
  } else {
    reader.fixed32();
    tensor.scattered = true;
  }
}

OnnxTensor Parser::tensor(std::string_view bytes) {
  count();
  OnnxTensor tensor;
  WireReader reader(bytes);
  while (status_ && reader.next()) {
    switch (reader.field()) {
      case 1:
        integers(reader, [&](std::uint64_t size) { dimension(size, tensor); });
        break;
      case 2:
        tensor.type = static_cast<OnnxType>(static_cast<std::int32_t>(reader.number()));
        break;
      case 4:
        float_data(reader, tensor);
        break;
      case 7:
        integers(reader, [&](std::uint64_t value) {
          if (tensor.integers.size() < kMaxIntegers) {
            tensor.integers.push_back(static_cast<std::int64_t>(value));
          } else {
            tensor.scattered = true;
          }
        });
        break;
      case 8:
        tensor.name = reader.bytes();
        break;
      case 9:
        if (!tensor.bytes.empty()) tensor.scattered = true;
        tensor.bytes = reader.bytes();
        break;
      case 3:   // segment
      case 5:   // int32_data
      case 10:  // double_data
      case 11:  // uint64_data
        tensor.scattered = true;
        break;
      case 13:
        tensor.external = true;
        break;
      case 14:
        tensor.external = tensor.external || reader.number() == 1;
        break;
      default:
        break;
    }
  }
  finish(reader, "a tensor");
  return tensor;
}

OnnxAttribute Parser::attribute(std::string_view bytes) {
  count();
  OnnxAttribute attribute;
  WireReader reader(bytes);
  while (status_ && reader.next()) {
    switch (reader.field()) {
      case 1:
        attribute.name = reader.bytes();
        break;
      case 2: {
        const std::uint32_t bits = reader.fixed32();
        std::memcpy(&attribute.number, &bits, sizeof bits);
        break;
      }
      case 3:
        attribute.integer = static_cast<std::int64_t>(reader.number());
        break;
      case 4:
        attribute.text = reader.bytes();
        break;
      case 5:
        attribute.tensor = tensor(reader.bytes());
        break;
      case 8:
        integers(reader, [&](std::uint64_t value) {
          if (attribute.integers.size() < kMaxIntegers) attribute.integers.push_back(static_cast<std::int64_t>(value));
        });
        break;
      default:
        break;
    }
  }
  finish(reader, "an attribute");
  return attribute;
}

OnnxNode Parser::node(std::string_view bytes) {
  count();
  OnnxNode node;
  WireReader reader(bytes);
  while (status_ && reader.next()) {
    switch (reader.field()) {
      case 1:
        count();
        node.inputs.push_back(reader.bytes());
        break;
      case 2:
        count();
        node.outputs.push_back(reader.bytes());
        break;
      case 3:
        node.name = reader.bytes();
        break;
      case 4:
        node.operation = reader.bytes();
        break;
      case 5:
        node.attributes.push_back(attribute(reader.bytes()));
        break;
      case 7:
        node.domain = reader.bytes();
        break;
      default:
        break;
    }
  }
  finish(reader, "a node");
  return node;
}

std::string_view Parser::value_name(std::string_view bytes) {
  count();
  std::string_view name;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) name = reader.bytes();
  }
  finish(reader, "a graph's input or output");
  return name;
}

void Parser::add_constant(std::string_view name, const OnnxTensor& tensor, OnnxGraph& graph) {
  if (!graph.constants.emplace(name, tensor).second) {
    fail(Error{ErrorKind::corrupt, "tensor '" + std::string(name) + "': is there twice"});
  }
}

// Exporters write a tensor that two layers share once, and give it further names by Identity nodes.
void Parser::add_constants_of_nodes(OnnxGraph& graph) {
  for (const OnnxNode& node : graph.nodes) {
    if (node.outputs.size() != 1 || !status_) continue;
    if (node.operation == "Constant") {
      const OnnxAttribute* value = node.attribute("value");
      if (value != nullptr && value->tensor) add_constant(node.outputs[0], *value->tensor, graph);
    } else if (node.operation == "Identity" && node.inputs.size() == 1) {
      const auto source = graph.constants.find(node.inputs[0]);
      if (source != graph.constants.end()) add_constant(node.outputs[0], OnnxTensor(source->second), graph);
    }
  }
}

void Parser::graph(std::string_view bytes, OnnxGraph& graph) {
  WireReader reader(bytes);
  while (status_ && reader.next()) {
    switch (reader.field()) {
      case 1:
        graph.nodes.push_back(node(reader.bytes()));
        break;
      case 5: {
        const OnnxTensor initialiser = tensor(reader.bytes());
        add_constant(initialiser.name, initialiser, graph);
        break;
      }
      case 11:
        graph.inputs.push_back(value_name(reader.bytes()));
        break;
      case 12:
        graph.outputs.push_back(value_name(reader.bytes()));
        break;
      default:
        break;
    }
  }
  finish(reader, "the graph");
  add_constants_of_nodes(graph);
}

Result<OnnxGraph> Parser::model(std::string_view bytes) {
  OnnxGraph found;
  bool there = false;
  WireReader reader(bytes);
  while (status_ && reader.next()) {
    if (reader.field() == 7) {
      if (there) fail(Error{ErrorKind::corrupt, "the file has two graphs"});
      there = true;
      if (status_) graph(reader.bytes(), found);
    } else if (reader.field() == 25) {
      fail(Error{ErrorKind::unsupported, "the graph defines functions of its own"});
    }
  }
  finish(reader, "its outermost part");
  if (!status_) return status_.error();
  if (!there) return Error{ErrorKind::corrupt, "the file is no ONNX model: it has no graph"};
  return found;
}

}  // namespace

const OnnxAttribute* OnnxNode::attribute(std::string_view wanted) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const OnnxAttribute& candidate) { return candidate.name == wanted; });
  return found == attributes.end() ? nullptr : &*found;
}

Result<OnnxGraph> parse_onnx(std::string_view bytes) {
  return Parser().model(bytes);
}

std::optional<std::vector<std::int64_t>> integers_of(const OnnxTensor& tensor) {
  if (tensor.type != OnnxType::i64 || tensor.external || tensor.scattered) return std::nullopt;
  if (tensor.bytes.empty()) return tensor.integers;
  if (tensor.bytes.size() % sizeof(std::int64_t) != 0 || tensor.bytes.size() / sizeof(std::int64_t) > kMaxIntegers) {
    return std::nullopt;
  }
  std::vector<std::int64_t> values(tensor.bytes.size() / sizeof(std::int64_t));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

std::optional<float> scalar_of(const OnnxTensor& tensor) {
  const bool half = tensor.type == OnnxType::f16;
  if (tensor.external || tensor.scattered || (tensor.type != OnnxType::f32 && !half)) return std::nullopt;
  if (tensor.bytes.size() != (half ? 2 : 4)) return std::nullopt;
  float value = 0;
  const auto* first = reinterpret_cast<const std::uint8_t*>(tensor.bytes.data());
  const WeightMatrix one{half ? NumberType::f16 : NumberType::f32, {first, tensor.bytes.size()}, {}, 1, 1, false};
  read_rows(one, 0, 1, std::span(&value, 1));
  return value;
}

}  // namespace attune
