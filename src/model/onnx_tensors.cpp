#include <algorithm>
#include <unordered_map>

#include "model/onnx_encoder.hpp"

namespace attune {
namespace {

// What exports of plain encoders are made of. Anything else means another computation: MatMulInteger a quantised model,
// Attention or SkipLayerNormalization one that an optimiser fused, Sin and Cos rotary positions, If and Loop control
// flow.
constexpr std::string_view kOperations[] = {"Abs",
                                            "Add",
                                            "And",
                                            "Cast",
                                            "Clip",
                                            "Concat",
                                            "Constant",
                                            "ConstantOfShape",
                                            "CumSum",
                                            "Div",
                                            "Dropout",
                                            "Equal",
                                            "Erf",
                                            "Expand",
                                            "Flatten",
                                            "Gather",
                                            "GatherElements",
                                            "GatherND",
                                            "Gelu",
                                            "Gemm",
                                            "Greater",
                                            "GreaterOrEqual",
                                            "Identity",
                                            "IsNaN",
                                            "LayerNormalization",
                                            "Less",
                                            "LessOrEqual",
                                            "MatMul",
                                            "Max",
                                            "Min",
                                            "Mod",
                                            "Mul",
                                            "Neg",
                                            "Not",
                                            "Or",
                                            "Pow",
                                            "Range",
                                            "Reciprocal",
                                            "ReduceL2",
                                            "ReduceMax",
                                            "ReduceMean",
                                            "ReduceSum",
                                            "Relu",
                                            "Reshape",
                                            "ScatterND",
                                            "Shape",
                                            "Sigmoid",
                                            "Size",
                                            "Slice",
                                            "Softmax",
                                            "Split",
                                            "Sqrt",
                                            "Squeeze",
                                            "Sub",
                                            "Sum",
                                            "Tanh",
                                            "Tile",
                                            "Transpose",
                                            "Trilu",
                                            "Unsqueeze",
                                            "Where"};

std::optional<NumberType> number_type_of(OnnxType type) {
  switch (type) {
    case OnnxType::f32:
      return NumberType::f32;
    case OnnxType::f16:
      return NumberType::f16;
    case OnnxType::bf16:
      return NumberType::bf16;
    default:
      return std::nullopt;
  }
}

// "/encoder/layer.0/output/dense/MatMul" → "encoder.layer.0.output.dense"; "" if it is no path.
std::string stem_of_path(std::string_view name) {
  const std::size_t end = name.rfind('/');
  if (!name.starts_with('/') || end == 0) return "";
  std::string stem(name.substr(1, end - 1));
  std::replace(stem.begin(), stem.end(), '/', '.');
  return stem;
}

class Namer {
 public:
  explicit Namer(const OnnxGraph& graph) : graph_(graph) {
    for (const OnnxNode& node : graph.nodes) {
      for (const std::string_view output : node.outputs) producers_.emplace(output, &node);
      for (const std::string_view input : node.inputs) consumers_.emplace(input, &node);
    }
  }

  Result<TensorTable> run() {
    for (const auto& [name, tensor] : graph_.constants) add(std::string(name), tensor, false);
    for (const OnnxNode& node : graph_.nodes) {
      if (node.operation == "MatMul") name_product(node);
      if (node.operation == "Gemm") name_gemm(node);
      if (node.operation == "Gather") name_gather(node);
    }
    if (!status_) return status_.error();
    return std::move(table_);
  }

 private:
  // A tensor of numbers whose values cannot be read is left out here, and complained of where a product needs it.
  void add(const std::string& name, const OnnxTensor& tensor, bool transposed) {
    if (tensor.external) {
      return fail(name, "its values are in another file (external data), which this program does not read");
    }
    TensorView view;
    view.type = tensor.scattered ? std::nullopt : number_type_of(tensor.type);
    view.type_name = tensor.scattered ? "numbers in a form that is rarely used"
                                      : "ONNX " + std::to_string(static_cast<std::int32_t>(tensor.type));
    view.shape = tensor.shape;
    view.bytes = {reinterpret_cast<const std::uint8_t*>(tensor.bytes.data()), tensor.bytes.size()};
    view.transposed = transposed;
    if (transposed) std::reverse(view.shape.begin(), view.shape.end());
    table_.add(name, std::move(view));
  }

  const OnnxTensor* constant(std::string_view name) const {
    const auto found = graph_.constants.find(name);
    return found == graph_.constants.end() ? nullptr : &found->second;
  }

  // x · W, followed by + bias. W is a constant, or a constant behind a Transpose.
  void name_product(const OnnxNode& node) {
    if (node.inputs.size() != 2 || node.outputs.size() != 1) return;
    const OnnxTensor* weight = constant(node.inputs[1]);
    bool transposed = true;
    if (weight == nullptr) {
      const auto producer = producers_.find(node.inputs[1]);
      if (producer == producers_.end() || producer->second->operation != "Transpose") return;
      if (producer->second->inputs.size() != 1) return;
      weight = constant(producer->second->inputs[0]);
      transposed = false;
    }
    if (weight == nullptr || weight->shape.size() != 2) return;
    const std::string stem = stem_of_product(node);
    if (!stem.empty()) add(stem + ".weight", *weight, transposed);
  }

  // The name of the bias without ".bias", else the node's path.
  std::string stem_of_product(const OnnxNode& node) const {
    const auto [begin, end] = consumers_.equal_range(node.outputs[0]);
    for (auto consumer = begin; consumer != end; ++consumer) {
      const OnnxNode& sum = *consumer->second;
      if (sum.operation != "Add" || sum.inputs.size() != 2) continue;
      const std::string_view other = sum.inputs[sum.inputs[0] == node.outputs[0] ? 1 : 0];
      if (constant(other) == nullptr) continue;
      if (other.ends_with(".bias")) return std::string(other.substr(0, other.size() - 5));
    }
    return stem_of_path(node.name);
  }

  // x · W or x · Wᵀ, + bias, in one operation: two-dimensional heads.
  void name_gemm(const OnnxNode& node) {
    if (node.inputs.size() != 3) return;
    const OnnxTensor* weight = constant(node.inputs[1]);
    const OnnxTensor* bias = constant(node.inputs[2]);
    if (weight == nullptr || bias == nullptr) return;
    const OnnxAttribute* alpha = node.attribute("alpha");
    const OnnxAttribute* beta = node.attribute("beta");
    const OnnxAttribute* flipped = node.attribute("transA");
    const bool plain = (alpha == nullptr || alpha->number == 1) && (beta == nullptr || beta->number == 1) &&
                       (flipped == nullptr || flipped->integer == 0);
    if (!plain) return fail(std::string(node.inputs[1]), "its Gemm scales or transposes more than the weights");
    const OnnxAttribute* as_is = node.attribute("transB");
    const bool transposed = as_is == nullptr || as_is->integer == 0;
    const std::string_view name = node.inputs[2];
    const std::string stem =
        name.ends_with(".bias") ? std::string(name.substr(0, name.size() - 5)) : stem_of_path(node.name);
    if (!stem.empty()) add(stem + ".weight", *weight, transposed);
  }

  // Tables that lost their names are known by what looks into them.
  void name_gather(const OnnxNode& node) {
    if (node.inputs.size() != 2) return;
    const OnnxTensor* rows = constant(node.inputs[0]);
    if (rows == nullptr || rows->shape.size() != 2 || node.inputs[0].ends_with("_embeddings.weight")) return;
    if (node.inputs[1] == "input_ids") add("embeddings.word_embeddings.weight", *rows, false);
    if (node.inputs[1] == "token_type_ids") add("embeddings.token_type_embeddings.weight", *rows, false);
  }

  void fail(const std::string& name, const std::string& text) {
    if (status_) status_ = tensor_error(name, text, ErrorKind::unsupported);
  }

  const OnnxGraph& graph_;
  std::unordered_map<std::string_view, const OnnxNode*> producers_;
  std::unordered_multimap<std::string_view, const OnnxNode*> consumers_;
  TensorTable table_;
  Status status_;
};

}  // namespace

Status check_operations(const OnnxGraph& graph) {
  for (const OnnxNode& node : graph.nodes) {
    const bool own = node.domain.empty() || node.domain == "ai.onnx";
    const bool known =
        std::find(std::begin(kOperations), std::end(kOperations), node.operation) != std::end(kOperations);
    if (own && known) continue;
    return Error{ErrorKind::unsupported, "node '" + std::string(node.name) + "': operation " +
                                             std::string(node.operation) +
                                             " is none that a plain encoder's export has (quantised or fused graphs "
                                             "are not read: export without optimisation)"};
  }
  return {};
}

Result<TensorTable> name_tensors(const OnnxGraph& graph) {
  return Namer(graph).run();
}

}  // namespace attune
