#include <algorithm>
#include <charconv>
#include <cmath>

#include "model/onnx_encoder.hpp"

namespace attune {
namespace {

constexpr float kMaxEpsilon = 1e-2F;
constexpr float kTanhGeluFactor = 0.044715F;  // of x³, in no other activation

std::size_t count_operations(const OnnxGraph& graph, std::string_view operation) {
  return static_cast<std::size_t>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                                [&](const OnnxNode& node) { return node.operation == operation; }));
}

// Layers are numbered in the names: the highest number + 1.
std::size_t layers_of(const TensorTable& tensors, std::string_view marker) {
  std::size_t layers = 0;
  for (const auto& [name, view] : tensors.views()) {
    const std::size_t at = name.find(marker);
    if (at == std::string::npos) continue;
    std::size_t index = 0;
    const char* first = name.data() + at + marker.size();
    const auto [end, code] = std::from_chars(first, name.data() + name.size(), index);
    if (code == std::errc() && end != first && index < kMaxLayers) layers = std::max(layers, index + 1);
  }
  return layers;
}

// The shape of the tensor whose name ends so.
Result<std::vector<std::uint64_t>> matrix_shape(const TensorTable& tensors, const std::string& ending) {
  for (const auto& [name, view] : tensors.views()) {
    if (!name.ends_with(ending)) continue;
    if (view.shape.size() != 2) return tensor_error(name, "has not two dimensions");
    for (const std::uint64_t size : view.shape) {
      if (size == 0 || size > kMaxVocabulary) return tensor_error(name, "has shape " + shape_text(view.shape));
    }
    return view.shape;
  }
  return tensor_error(ending, "is missing, under any prefix");
}

// What is added under a LayerNorm's root, or its attribute. All of the graph's must agree.
Result<float> epsilon_of(const OnnxGraph& graph) {
  std::optional<float> found;
  bool differ = false;
  const auto see = [&](float value) {
    differ = differ || (found && *found != value);
    found = value;
  };
  std::map<std::string_view, float> sums;  // outputs of x + small constant
  for (const OnnxNode& node : graph.nodes) {
    if (node.operation == "Add" && node.inputs.size() == 2 && node.outputs.size() == 1) {
      for (const std::string_view input : node.inputs) {
        const auto constant = graph.constants.find(input);
        if (constant == graph.constants.end()) continue;
        if (const auto value = scalar_of(constant->second); value) sums.emplace(node.outputs[0], *value);
      }
    } else if (node.operation == "Sqrt" && node.inputs.size() == 1) {
      if (const auto sum = sums.find(node.inputs[0]); sum != sums.end()) see(sum->second);
    } else if (node.operation == "LayerNormalization") {
      const OnnxAttribute* epsilon = node.attribute("epsilon");
      see(epsilon == nullptr ? 1e-5F : epsilon->number);
    }
  }
  if (!found) return Error{ErrorKind::unsupported, "the graph shows no LayerNorm"};
  if (differ) return Error{ErrorKind::unsupported, "the graph's LayerNorms differ in their epsilon"};
  if (!(*found > 0 && *found < kMaxEpsilon))
    return Error{ErrorKind::corrupt, "the LayerNorms' epsilon is out of range"};
  return *found;
}

bool has_scalar(const OnnxGraph& graph, float wanted) {
  return std::any_of(graph.constants.begin(), graph.constants.end(), [&](const auto& named) {
    const auto value = scalar_of(named.second);
    return value && std::abs(*value - wanted) < 1e-4F * wanted;
  });
}

Result<GeluForm> activation_of(const OnnxGraph& graph, std::size_t layers) {
  if (count_operations(graph, "Erf") >= layers) return GeluForm::erf;
  const auto gelu = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                 [](const OnnxNode& node) { return node.operation == "Gelu"; });
  if (gelu != graph.nodes.end()) {
    const OnnxAttribute* form = gelu->attribute("approximate");
    return form != nullptr && form->text == "tanh" ? GeluForm::tanh : GeluForm::erf;
  }
  if (count_operations(graph, "Tanh") >= layers && has_scalar(graph, kTanhGeluFactor)) return GeluForm::tanh;
  return Error{ErrorKind::unsupported, "the graph's activation is neither gelu nor gelu_new"};
}

// The numbers at the end of a Reshape's target: constants, or the last inputs of a Concat.
std::vector<std::int64_t> target_of(const OnnxGraph& graph, const std::map<std::string_view, const OnnxNode*>& concats,
                                    std::string_view name) {
  if (const auto constant = graph.constants.find(name); constant != graph.constants.end()) {
    return integers_of(constant->second).value_or(std::vector<std::int64_t>());
  }
  std::vector<std::int64_t> target;
  const auto concat = concats.find(name);
  if (concat == concats.end()) return target;
  for (const std::string_view input : concat->second->inputs) {
    const auto constant = graph.constants.find(input);
    const auto values = constant == graph.constants.end() ? std::nullopt : integers_of(constant->second);
    if (!values) {
      target.push_back(0);  // computed: a batch's or a sequence's length
    } else {
      target.insert(target.end(), values->begin(), values->end());
    }
    if (target.size() > 8) return {};
  }
  return target;
}

}  // namespace

// Attention cuts [batch, tokens, width] into [batch, tokens, heads, width / heads]; one of the two may be -1.
std::optional<std::size_t> heads_of(const OnnxGraph& graph, std::size_t width) {
  std::map<std::string_view, const OnnxNode*> concats;
  std::optional<std::size_t> heads;
  for (const OnnxNode& node : graph.nodes) {
    if (node.operation == "Concat" && node.outputs.size() == 1) concats.emplace(node.outputs[0], &node);
    if (node.operation != "Reshape" || node.inputs.size() < 2) continue;
    const std::vector<std::int64_t> target = target_of(graph, concats, node.inputs[1]);
    if (target.size() != 4) continue;
    const auto whole = static_cast<std::int64_t>(width);
    std::int64_t count = target[2];
    if (count == -1 && target[3] > 0 && whole % target[3] == 0) count = whole / target[3];
    if (count <= 0 || count > static_cast<std::int64_t>(kMaxHeads) || whole % count != 0) continue;
    if (target[3] != -1 && target[3] != whole / count) continue;
    if (heads && *heads != static_cast<std::size_t>(count)) return std::nullopt;
    heads = static_cast<std::size_t>(count);
  }
  return heads;
}

Result<EncoderConfig> infer_config(const OnnxGraph& graph, const TensorTable& tensors) {
  EncoderConfig config;
  EncoderShape& shape = config.shape;
  shape.layers = layers_of(tensors, "encoder.layer.");
  if (shape.layers == 0) {
    shape.layers = layers_of(tensors, "transformer.layer.");
    config.family = EncoderFamily::distilbert;
  } else if (count_operations(graph, "CumSum") > 0) {
    config.family = EncoderFamily::roberta;  // positions are counted along the tokens that are no padding
  }
  if (shape.layers == 0) {
    return Error{ErrorKind::unsupported, "the graph has no tensors named encoder.layer.… or transformer.layer.…"};
  }
  const bool distil = config.family == EncoderFamily::distilbert;
  const bool roberta = config.family == EncoderFamily::roberta;
  config.model_type = distil ? "distilbert" : roberta ? "roberta" : "bert";

  const auto words = matrix_shape(tensors, "embeddings.word_embeddings.weight");
  if (!words) return words.error();
  const auto positions = matrix_shape(tensors, "embeddings.position_embeddings.weight");
  if (!positions) return positions.error();
  const auto inner = matrix_shape(tensors, distil ? "layer.0.ffn.lin1.weight" : "layer.0.intermediate.dense.weight");
  if (!inner) return inner.error();
  shape.vocabulary = static_cast<std::size_t>((*words)[0]);
  shape.width = static_cast<std::size_t>((*words)[1]);
  shape.feed_forward = static_cast<std::size_t>((*inner)[0]);
  shape.first_position = roberta ? 2 : 0;
  if ((*positions)[0] <= shape.first_position || (*positions)[0] > kMaxPositions || shape.width > kMaxWidth ||
      shape.feed_forward > kMaxFeedForward) {
    return Error{ErrorKind::corrupt, "a size that the graph's tensors show is out of range"};
  }
  shape.positions = static_cast<std::size_t>((*positions)[0]) - shape.first_position;
  if (const auto types = matrix_shape(tensors, "embeddings.token_type_embeddings.weight"); types) {
    shape.token_types = static_cast<std::size_t>((*types)[0]);
    if (shape.token_types > kMaxTokenTypes) return Error{ErrorKind::corrupt, "the graph has too many token types"};
  }
  const auto heads = heads_of(graph, shape.width);
  if (!heads)
    return Error{ErrorKind::unsupported, "the graph does not show the number of heads; put config.json beside it"};
  shape.heads = *heads;
  const auto epsilon = epsilon_of(graph);
  if (!epsilon) return epsilon.error();
  shape.epsilon = *epsilon;
  const auto activation = activation_of(graph, shape.layers);
  if (!activation) return activation.error();
  shape.gelu = *activation;
  return config;
}

}  // namespace attune
