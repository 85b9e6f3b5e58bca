// A model as an ONNX export: weights from the graph, sizes from config.json beside it or from the graph.
#include "attune/core/file.hpp"

#include "model/onnx_encoder.hpp"
#include "model/read_model.hpp"

namespace attune {
namespace {

Result<EncoderConfig> config_of(const std::filesystem::path& directory, const OnnxGraph& graph,
                                const TensorTable& tensors) {
  const auto json = read_json_object(directory / "config.json");
  if (!json) {
    if (json.error().kind == ErrorKind::not_found) return infer_config(graph, tensors);
    return json.error();
  }
  auto config = parse_encoder_config(*json);
  if (!config) return config.error();
  const auto heads = heads_of(graph, config->shape.width);
  if (heads && *heads != config->shape.heads) {
    return Error{ErrorKind::corrupt, "config.json says " + std::to_string(config->shape.heads) +
                                         " heads, the graph has " + std::to_string(*heads)};
  }
  return config;
}

}  // namespace

Result<ModelParts> read_onnx_model(const WeightFile& file, const std::filesystem::path& directory,
                                   const std::string& name) {
  const auto graph = parse_onnx(file.mapped->bytes());
  if (!graph) return graph.error();
  if (const Status status = check_operations(*graph); !status) return status.error();
  const auto tensors = name_tensors(*graph);
  if (!tensors) return tensors.error();
  const auto config = config_of(directory, *graph, *tensors);
  if (!config) return config.error();
  auto weights = collect_weights(*tensors, *config);
  if (!weights) return weights.error();
  weights->keep = file.mapped;
  auto tokenizer = find_tokenizer(directory, to_utf8(file.path.stem()));
  if (!tokenizer) return tokenizer.error();
  ModelParts parts{{}, std::move(weights).value(), std::move(tokenizer).value(), {}};
  parts.description.format = "onnx";
  parts.description.name = name;
  parts.description.architecture = config->model_type;
  parts.description.labels = config->labels;
  return parts;
}

}  // namespace attune
