// A model in our own file.
#include "model/read_model.hpp"

namespace attune {
namespace {

Result<std::string_view> text_tensor(const Safetensors& tensors, const std::string& name) {
  const auto length = tensors.length(name, TensorType::u8);
  if (!length) return length.error();
  const auto bytes = tensors.tensor(name, TensorType::u8, {*length});
  if (!bytes) return bytes.error();
  return std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

Result<TokenizerSource> own_tokenizer(const std::shared_ptr<const ModelFile>& file) {
  TokenizerSource source;
  source.keep = file->tensors.keep();
  source.lower_case = file->config.lower_case;
  if (file->config.has_unigram) {
    source.own = file;
    return source;
  }
  for (const bool json : {true, false}) {
    const std::string name = json ? "tokenizer.json" : "tokenizer.vocabulary";
    if (!file->tensors.tensors().contains(name)) continue;
    const auto text = text_tensor(file->tensors, name);
    if (!text) return text.error();
    (json ? source.json : source.vocabulary) = *text;
    return source;
  }
  return source;
}

}  // namespace

Result<ModelParts> read_own_model(const Safetensors& tensors) {
  auto config = read_config(tensors);
  if (!config) return config.error();
  const auto file = std::make_shared<const ModelFile>(ModelFile{std::move(config).value(), tensors});
  auto weights = own_weights(*file);
  if (!weights) return weights.error();
  auto tokenizer = own_tokenizer(file);
  if (!tokenizer) return tokenizer.error();
  ModelParts parts{file->config.description, std::move(weights).value(), std::move(tokenizer).value(), {}};
  parts.description.format = "attune";
  return parts;
}

}  // namespace attune
