#include "model/model_file.hpp"

#include <charconv>
#include <sstream>

#include <nlohmann/json.hpp>

#include "attune/nn.hpp"

#include "model/encoder_config.hpp"
#include "model/metadata_fields.hpp"
#include "model/sentence_settings.hpp"

namespace attune {
namespace {

std::vector<std::int32_t> read_control_ids(FieldReader& fields, std::size_t pieces) {
  std::istringstream words(fields.text("control_ids"));
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; words >> id;) {
    if (id < 0 || static_cast<std::size_t>(id) >= pieces || ids.size() > 1000) {
      fields.fail(corrupt_field("control_ids", "names an id that is out of range"));
      return ids;
    }
    ids.push_back(id);
  }
  if (!words.eof()) fields.fail(corrupt_field("control_ids", "is not a list of numbers"));
  return ids;
}

// Labels stand as a JSON list of texts: a label may hold any character.
std::vector<std::string> read_labels(FieldReader& fields) {
  const nlohmann::json json = nlohmann::json::parse(fields.text("labels"), nullptr, false);
  std::vector<std::string> labels;
  bool good = json.is_array() && json.size() <= kMaxLabels;
  for (std::size_t index = 0; good && index < json.size(); ++index) {
    good = json[index].is_string();
    if (good) labels.push_back(json[index].get<std::string>());
  }
  if (!good) fields.fail(corrupt_field("labels", "is not a JSON list of texts"));
  return labels;
}

void read_epsilon(FieldReader& fields, EncoderShape& shape) {
  const std::string epsilon = fields.text("epsilon");
  const auto [end, code] = std::from_chars(epsilon.data(), epsilon.data() + epsilon.size(), shape.epsilon);
  const bool whole = code == std::errc() && end == epsilon.data() + epsilon.size();
  if (!whole || !(shape.epsilon > 0) || !(shape.epsilon < 1)) {
    fields.fail(corrupt_field("epsilon", "is not a number between 0 and 1"));
  }
}

void read_sizes(FieldReader& fields, EncoderShape& shape) {
  shape.layers = fields.number("layers", 1, kMaxLayers);
  shape.width = fields.number("width", 1, kMaxWidth);
  shape.heads = fields.number("heads", 1, kMaxHeads);
  shape.feed_forward = fields.number("feed_forward", 1, kMaxFeedForward);
  shape.positions = fields.number("positions", 3, kMaxPositions);
  if (shape.width % shape.heads != 0) fields.fail(corrupt_field("heads", "does not divide the width"));
  read_epsilon(fields, shape);
}

// Version 1 says none of this.
void read_variants(FieldReader& fields, ModelConfig& config) {
  EncoderShape& shape = config.shape;
  shape.vocabulary = fields.number("vocabulary", 1, kMaxVocabulary);
  shape.token_types = fields.number("token_types", 0, kMaxTokenTypes);
  shape.gelu = fields.one_of("gelu", {"erf", "tanh"}) == 1 ? GeluForm::tanh : GeluForm::erf;
  shape.unit_length = fields.one_of("unit_length", {"true", "false"}) == 0;
  config.lower_case = fields.one_of("lower_case", {"true", "false"}) == 0;
  config.description.max_positions = fields.number("max_tokens", 3, shape.positions);
  config.description.labels = read_labels(fields);
  config.has_head = !config.description.labels.empty();
  constexpr HeadParameters::Activation kActivations[] = {
      HeadParameters::Activation::none, HeadParameters::Activation::tanh, HeadParameters::Activation::relu};
  config.head_activation = kActivations[fields.one_of("head_activation", {"none", "tanh", "relu"})];
}

// A kept piece for each row of the word table.
Status read_unigram(const Safetensors& tensors, FieldReader& fields, ModelConfig& config) {
  const auto pieces = tensors.length("tokenizer.piece_sizes", TensorType::u8);
  if (!pieces) return pieces.error();
  const auto kept = tensors.length("tokenizer.kept", TensorType::i32);
  if (!kept) return kept.error();
  if (*pieces == 0 || *kept == 0 || *kept > *pieces || *pieces > kMaxVocabulary) {
    return Error{ErrorKind::corrupt, "tensor 'tokenizer.kept': has none or more rows than there are pieces"};
  }
  if (config.version == 1) config.shape.vocabulary = static_cast<std::size_t>(*kept);
  if (config.shape.vocabulary != *kept) {
    return Error{ErrorKind::corrupt,
                 "tensor 'tokenizer.kept': has another number of pieces than metadata 'vocabulary'"};
  }
  config.description.pieces = static_cast<std::size_t>(*pieces);
  config.begin_id = fields.id("begin_id", config.description.pieces);
  config.end_id = fields.id("end_id", config.description.pieces);
  config.unknown_id = fields.id("unknown_id", config.description.pieces);
  config.control_ids = read_control_ids(fields, config.description.pieces);
  return {};
}

void read_texts(FieldReader& fields, ModelDescription& description) {
  description.name = fields.text("name");
  description.architecture = fields.text("architecture");
  description.query_prefix = fields.text("query_prefix");
  description.passage_prefix = fields.text("passage_prefix");
  description.licence = fields.text("license");
  description.source = fields.text("source");
  description.source_sha256 = fields.text("source_sha256");
}

const char* head_activation_name(HeadParameters::Activation activation) {
  switch (activation) {
    case HeadParameters::Activation::none:
      return "none";
    case HeadParameters::Activation::tanh:
      return "tanh";
    case HeadParameters::Activation::relu:
      return "relu";
  }
  return "";
}

void write_variants(const ModelConfig& config, SafetensorsBuilder& file) {
  const EncoderShape& shape = config.shape;
  file.set("vocabulary", std::to_string(shape.vocabulary));
  file.set("token_types", std::to_string(shape.token_types));
  file.set("gelu", shape.gelu == GeluForm::tanh ? "tanh" : "erf");
  file.set("unit_length", shape.unit_length ? "true" : "false");
  file.set("lower_case", config.lower_case ? "true" : "false");
  file.set("max_tokens", std::to_string(config.description.max_positions));
  file.set("labels",
           nlohmann::json(config.description.labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  file.set("head_activation", head_activation_name(config.head_activation));
}

void write_unigram(const ModelConfig& config, SafetensorsBuilder& file) {
  file.set("begin_id", std::to_string(config.begin_id));
  file.set("end_id", std::to_string(config.end_id));
  file.set("unknown_id", std::to_string(config.unknown_id));
  std::string control_ids;
  for (const std::int32_t id : config.control_ids) control_ids += (control_ids.empty() ? "" : " ") + std::to_string(id);
  file.set("control_ids", control_ids);
}

}  // namespace

std::vector<std::uint64_t> q4_shape(std::size_t rows, std::size_t columns) {
  return {rows, columns / nn::kQ4BlockWeights * nn::kQ4BlockBytes};
}

void write_config(const ModelConfig& config, SafetensorsBuilder& file) {
  const ModelDescription& description = config.description;
  file.set("format", kModelFormat);
  file.set("format_version", std::to_string(config.version));
  file.set("architecture", kEncoderArchitecture);
  file.set("pooling", std::string(pooling_name(config.shape.pooling)));
  if (config.version == 1) {
    file.set("matrices",
             "4-bit blocks: 32 weights in 18 bytes, FP16 scale, then nibbles of weights 0-15 low, 16-31 high; "
             "weight = (nibble - 8) * scale");
  } else {
    write_variants(config, file);
  }
  file.set("name", description.name);
  file.set("query_prefix", description.query_prefix);
  file.set("passage_prefix", description.passage_prefix);
  file.set("license", description.licence);
  file.set("source", description.source);
  file.set("source_sha256", description.source_sha256);
  file.set("layers", std::to_string(config.shape.layers));
  file.set("width", std::to_string(config.shape.width));
  file.set("heads", std::to_string(config.shape.heads));
  file.set("feed_forward", std::to_string(config.shape.feed_forward));
  file.set("positions", std::to_string(config.shape.positions));
  if (config.has_unigram) write_unigram(config, file);
  std::string epsilon(32, '\0');
  epsilon.resize(static_cast<std::size_t>(
      std::to_chars(epsilon.data(), epsilon.data() + epsilon.size(), config.shape.epsilon).ptr - epsilon.data()));
  file.set("epsilon", epsilon);
}

bool is_own_model(const Safetensors& tensors) {
  return tensors.metadata().contains("format_version") || tensors.tensors().contains("embeddings.word");
}

Result<ModelConfig> read_config(const Safetensors& tensors) {
  FieldReader fields(tensors.metadata());
  ModelConfig config;
  fields.one_of("format", {kModelFormat});
  config.version = static_cast<int>(fields.one_of("format_version", {"1", "2"})) + 1;
  fields.one_of("architecture", {kEncoderArchitecture});
  constexpr Pooling kPoolings[] = {Pooling::mean, Pooling::cls, Pooling::weighted};
  config.shape.pooling = kPoolings[fields.one_of("pooling", {"mean", "cls", "weighted"})];
  if (!fields.status()) return fields.status().error();

  read_texts(fields, config.description);
  read_sizes(fields, config.shape);
  if (config.version == 1) {
    config.shape.token_types = 1;
    config.description.max_positions = config.shape.positions;
  } else {
    read_variants(fields, config);
  }
  if (!fields.status()) return fields.status().error();
  config.has_unigram = config.version == 1 || tensors.tensors().contains("tokenizer.kept");
  config.description.pieces = config.shape.vocabulary;
  if (config.has_unigram) {
    if (const Status status = read_unigram(tensors, fields, config); !status) return status.error();
  }
  if (!fields.status()) return fields.status().error();
  return config;
}

}  // namespace attune
