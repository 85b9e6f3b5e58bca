// A model as Hugging Face keeps it: config.json and model.safetensors in one directory.
#include "model/encoder_config.hpp"
#include "model/read_model.hpp"

namespace attune {
namespace {

std::optional<NumberType> number_type_of(TensorType type) {
  switch (type) {
    case TensorType::f32:
      return NumberType::f32;
    case TensorType::f16:
      return NumberType::f16;
    case TensorType::bf16:
      return NumberType::bf16;
    default:
      return std::nullopt;
  }
}

}  // namespace

TensorTable table_of(const Safetensors& tensors) {
  TensorTable table;
  for (const auto& [name, entry] : tensors.tensors()) {
    table.add(name, {number_type_of(entry.type), std::string(tensor_type_name(entry.type)), entry.shape,
                     tensors.bytes_of(entry), false});
  }
  return table;
}

Result<ModelParts> read_hugging_face_model(const Safetensors& tensors, const std::filesystem::path& directory,
                                           const std::string& name) {
  const auto json = read_json_object(directory / "config.json");
  if (!json) return json.error();
  const auto config = parse_encoder_config(*json);
  if (!config) return config.error();
  auto weights = collect_weights(table_of(tensors), *config);
  if (!weights) return weights.error();
  weights->keep = tensors.keep();
  auto tokenizer = find_tokenizer(directory, "");
  if (!tokenizer) return tokenizer.error();
  ModelParts parts{{}, std::move(weights).value(), std::move(tokenizer).value(), {}};
  parts.description.format = "hugging-face";
  parts.description.name = name;
  parts.description.architecture = config->model_type;
  parts.description.labels = config->labels;
  return parts;
}

}  // namespace attune
