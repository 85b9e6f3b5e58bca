#include "model/read_model.hpp"

#include <algorithm>
#include <optional>
#include <system_error>

#include "attune/core/file.hpp"

#include "model/file_digest.hpp"
#include "model/json_fields.hpp"
#include "model/mapped_file.hpp"
#include "model/sentence_settings.hpp"

namespace attune {
namespace {

constexpr std::uint64_t kMaxTokenizerBytes = 64ULL << 20U;

bool is_there(const std::filesystem::path& path) {
  std::error_code code;
  return std::filesystem::exists(path, code);
}

// The only .onnx file of a directory, or its model.onnx.
Result<std::filesystem::path> find_onnx(const std::filesystem::path& directory) {
  if (is_there(directory / "model.onnx")) return directory / "model.onnx";
  std::error_code code;
  std::filesystem::directory_iterator entries(directory, code);
  std::filesystem::path found;
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    if (entries->path().extension() != ".onnx") continue;
    if (!found.empty())
      return Error{ErrorKind::bad_input, "'" + to_utf8(directory) + "' holds more than one .onnx file"};
    found = entries->path();
  }
  if (!found.empty()) return found;
  if (is_there(directory / "onnx" / "model.onnx")) return directory / "onnx" / "model.onnx";
  for (const char* other : {"pytorch_model.bin", "model.safetensors.index.json", "tf_model.h5"}) {
    if (is_there(directory / other)) {
      return Error{ErrorKind::unsupported, "'" + to_utf8(directory) + "' holds " + other +
                                               "; this program reads one model.safetensors or one .onnx file"};
    }
  }
  return Error{ErrorKind::not_found, "'" + to_utf8(directory) + "' holds neither model.safetensors nor an .onnx file"};
}

// The last part of the path that says something.
std::string name_of(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::path whole = std::filesystem::absolute(path, code).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  if (whole.extension() == ".onnx") {
    if (whole.stem() != "model") return to_utf8(whole.stem());
    whole = whole.parent_path();
    if (whole.filename() == "onnx") whole = whole.parent_path();
  }
  return to_utf8(whole.filename());
}

// A model of several files changes when any of them changes what comes out.
std::string digest_of_all(const std::string& weights_digest, const ModelParts& parts) {
  const EncoderShape& shape = parts.weights.shape;
  std::string text = "weights " + weights_digest;
  text += "\ntokenizer " + sha256_hex(parts.tokenizer.json.empty() ? parts.tokenizer.vocabulary : parts.tokenizer.json);
  text += parts.tokenizer.lower_case ? " lower" : " cased";
  text += "\nheads " + std::to_string(shape.heads) + " first " + std::to_string(shape.first_position);
  text += " epsilon " + std::to_string(shape.epsilon * 1e12F) + (shape.gelu == GeluForm::tanh ? " tanh" : " erf");
  text += "\npooling " + parts.description.pooling + (shape.unit_length ? " unit" : " plain");
  text += "\ntokens " + std::to_string(parts.description.max_positions);
  text += "\nquery " + parts.description.query_prefix + "\npassage " + parts.description.passage_prefix + "\n";
  return sha256_hex(text);
}

Status complete(const WeightFile& file, const std::filesystem::path& directory, ModelParts& parts) {
  ModelDescription& description = parts.description;
  EncoderShape& shape = parts.weights.shape;
  const std::string digest = remembered_digest(*file.mapped, file.path);
  if (description.format != "attune") {
    const auto settings = read_sentence_settings(directory, description.name, shape.width);
    if (!settings) return settings.error();
    shape.pooling = settings->pooling;
    shape.unit_length = settings->unit_length;
    description.query_prefix = settings->query_prefix;
    description.passage_prefix = settings->passage_prefix;
    description.licence = settings->licence;
    description.source = settings->source.empty() ? to_utf8(file.path.filename()) : settings->source;
    description.source_sha256 = digest;
    description.max_positions = shape.positions;
    if (settings->max_tokens != 0) description.max_positions = std::min(shape.positions, settings->max_tokens);
  }
  description.pooling = pooling_name(shape.pooling);
  description.file_bytes = file.mapped->bytes().size();
  describe_weights(parts.weights, description);
  const std::string whole = description.format == "attune" ? digest : digest_of_all(digest, parts);
  description.identity = description.name + "@" + whole.substr(0, 16);
  return {};
}

Result<ModelParts> read_weight_file(const WeightFile& file, const std::filesystem::path& directory,
                                    const std::string& name) {
  if (file.path.extension() == ".onnx") return read_onnx_model(file, directory, name);
  const auto tensors = Safetensors::parse(file.mapped->bytes(), file.mapped);
  if (!tensors) return tensors.error();
  if (is_own_model(*tensors)) return read_own_model(*tensors);
  return read_hugging_face_model(*tensors, directory, name);
}

}  // namespace

std::string_view number_type_name(NumberType type) {
  switch (type) {
    case NumberType::f32:
      return "f32";
    case NumberType::f16:
      return "f16";
    case NumberType::bf16:
      return "bf16";
    case NumberType::q4:
      return "q4";
    case NumberType::i8:
      return "int8";
  }
  return "";
}

void describe_weights(const EncoderWeights& weights, ModelDescription& description) {
  const EncoderShape& shape = weights.shape;
  description.layers = shape.layers;
  description.width = shape.width;
  description.heads = shape.heads;
  description.feed_forward = shape.feed_forward;
  description.token_types = shape.token_types;
  description.vocabulary = shape.vocabulary;
  if (description.pieces == 0) description.pieces = shape.vocabulary;
  description.precision = number_type_name(weights.layers.front().query.weight.type);
  if (!weights.head) return description.labels.clear();
  for (std::size_t index = description.labels.size(); index < weights.head->classifier.weight.rows; ++index) {
    description.labels.push_back("LABEL_" + std::to_string(index));
  }
}

Result<TokenizerSource> find_tokenizer(const std::filesystem::path& directory, const std::string& stem) {
  TokenizerSource source;
  std::vector<std::string> names = {"tokenizer.json", "vocab.txt"};
  if (!stem.empty()) names.insert(names.begin(), stem + "-tokenizer.json");
  for (const std::string& name : names) {
    const auto file = MappedFile::open(directory / name, kMaxTokenizerBytes);
    if (!file) {
      if (file.error().kind == ErrorKind::not_found) continue;
      return file.error();
    }
    source.keep = *file;
    const bool json = name != "vocab.txt";
    (json ? source.json : source.vocabulary) = (*file)->bytes();
    if (json) return source;
    const auto settings = read_json_object_if_there(directory / "tokenizer_config.json");
    if (!settings) return settings.error();
    JsonFields fields(*settings, "tokenizer_config.json");
    source.lower_case = fields.flag_or("do_lower_case", true);
    if (!fields.status()) return fields.status().error();
    return source;
  }
  return source;
}

Result<ModelParts> read_model(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::path weights = path;
  if (path.extension() != ".onnx" || std::filesystem::is_directory(path, code)) {
    weights = path / kModelFileName;
    if (!is_there(weights)) {
      const auto onnx = find_onnx(path);
      if (!onnx) return onnx.error();
      weights = *onnx;
    }
  }
  const auto mapped = MappedFile::open(weights, Safetensors::kMaxFileBytes);
  if (!mapped) return mapped.error();
  const WeightFile file{weights, *mapped};
  // Exports keep the graph in onnx/, everything else one folder up.
  std::filesystem::path directory = weights.parent_path();
  if (directory.filename() == "onnx" && !is_there(directory / "config.json") &&
      is_there(directory.parent_path() / "config.json")) {
    directory = directory.parent_path();
  }
  const std::string step = "'" + to_utf8(weights) + "'";
  auto parts = read_weight_file(file, directory, name_of(path));
  if (!parts) return parts.error().while_doing(step);
  parts->files = {weights, directory};
  parts->mapped = *mapped;
  if (const Status status = complete(file, directory, *parts); !status) return status.error().while_doing(step);
  return parts;
}

Result<EncoderWeights> read_encoder_weights(const std::filesystem::path& path) {
  auto parts = read_model(path);
  if (!parts) return parts.error();
  return std::move(parts->weights);
}

}  // namespace attune
