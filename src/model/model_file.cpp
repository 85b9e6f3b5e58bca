#include "model/model_file.hpp"

#include <charconv>
#include <cmath>
#include <sstream>

#include "attune/core/file.hpp"
#include "attune/nn.hpp"

namespace attune {
namespace {

Error corrupt_field(const std::string& key, const std::string& text) {
  return Error{ErrorKind::corrupt, "metadata '" + key + "' " + text};
}

// Reads fields and remembers the first that is wrong, so that a dozen can be read without a dozen checks.
class FieldReader {
 public:
  explicit FieldReader(const std::map<std::string, std::string>& fields) : fields_(fields) {}

  std::string text(const std::string& key) {
    const auto found = fields_.find(key);
    if (found != fields_.end()) return found->second;
    fail(corrupt_field(key, "is missing"));
    return {};
  }
  std::size_t number(const std::string& key, std::size_t low, std::size_t high) {
    const std::string digits = text(key);
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc() || end != digits.data() + digits.size() || value < low || value > high) {
      fail(corrupt_field(key, "is not a whole number from " + std::to_string(low) + " to " + std::to_string(high)));
      return low;
    }
    return value;
  }
  std::int32_t id(const std::string& key, std::size_t pieces) {
    return static_cast<std::int32_t>(number(key, 0, pieces - 1));
  }
  void expect(const std::string& key, const std::string& wanted) {
    const std::string found = text(key);
    if (found != wanted) {
      fail({ErrorKind::unsupported, "metadata '" + key + "' is '" + found + "', this program reads '" + wanted + "'"});
    }
  }
  void fail(Error error) {
    if (status_) status_ = std::move(error);
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  const std::map<std::string, std::string>& fields_;
  Status status_;
};

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

void read_sizes(FieldReader& fields, ModelDescription& description) {
  description.layers = fields.number("layers", 1, 256);
  description.width = fields.number("width", nn::kQ4BlockWeights, 8192);
  description.heads = fields.number("heads", 1, 256);
  description.feed_forward = fields.number("feed_forward", nn::kQ4BlockWeights, 65536);
  description.max_positions = fields.number("positions", 8, 8192);
  if (description.width % nn::kQ4BlockWeights != 0 || description.feed_forward % nn::kQ4BlockWeights != 0) {
    fields.fail(corrupt_field("width", "or feed_forward is no multiple of a block"));
  }
  if (description.width % description.heads != 0) fields.fail(corrupt_field("heads", "does not divide the width"));
}

Result<ModelConfig> read_config(const Safetensors& tensors) {
  FieldReader fields(tensors.metadata());
  fields.expect("format", kModelFormat);
  fields.expect("format_version", kModelFormatVersion);
  fields.expect("architecture", kEncoderArchitecture);
  fields.expect("pooling", kMeanPooling);
  if (!fields.status()) return fields.status().error();

  const auto pieces = tensors.length("tokenizer.piece_sizes", TensorType::u8);
  if (!pieces) return pieces.error();
  const auto kept = tensors.length("tokenizer.kept", TensorType::i32);
  if (!kept) return kept.error();
  if (*pieces == 0 || *kept == 0 || *kept > *pieces) {
    return Error{ErrorKind::corrupt, "tensor 'tokenizer.kept': has none or more rows than there are pieces"};
  }

  ModelConfig config;
  ModelDescription& description = config.description;
  description.name = fields.text("name");
  description.architecture = fields.text("architecture");
  description.pooling = fields.text("pooling");
  description.query_prefix = fields.text("query_prefix");
  description.passage_prefix = fields.text("passage_prefix");
  description.licence = fields.text("license");
  description.source = fields.text("source");
  description.source_sha256 = fields.text("source_sha256");
  description.pieces = static_cast<std::size_t>(*pieces);
  description.vocabulary = static_cast<std::size_t>(*kept);
  read_sizes(fields, description);
  config.begin_id = fields.id("begin_id", description.pieces);
  config.end_id = fields.id("end_id", description.pieces);
  config.unknown_id = fields.id("unknown_id", description.pieces);
  config.control_ids = read_control_ids(fields, description.pieces);
  const std::string epsilon = fields.text("epsilon");
  const auto [end, code] = std::from_chars(epsilon.data(), epsilon.data() + epsilon.size(), config.epsilon);
  const bool whole = code == std::errc() && end == epsilon.data() + epsilon.size();
  if (!whole || !(config.epsilon > 0) || !(config.epsilon < 1)) {
    fields.fail(corrupt_field("epsilon", "is not a number between 0 and 1"));
  }
  if (!fields.status()) return fields.status().error();
  return config;
}

}  // namespace

std::vector<std::uint64_t> q4_shape(std::size_t rows, std::size_t columns) {
  return {rows, columns / nn::kQ4BlockWeights * nn::kQ4BlockBytes};
}

void write_config(const ModelConfig& config, SafetensorsBuilder& file) {
  const ModelDescription& description = config.description;
  file.set("format", kModelFormat);
  file.set("format_version", kModelFormatVersion);
  file.set("architecture", kEncoderArchitecture);
  file.set("pooling", kMeanPooling);
  file.set("matrices",
           "4-bit blocks: 32 weights in 18 bytes, FP16 scale, then nibbles of weights 0-15 low, 16-31 high; "
           "weight = (nibble - 8) * scale");
  file.set("name", description.name);
  file.set("query_prefix", description.query_prefix);
  file.set("passage_prefix", description.passage_prefix);
  file.set("license", description.licence);
  file.set("source", description.source);
  file.set("source_sha256", description.source_sha256);
  file.set("layers", std::to_string(description.layers));
  file.set("width", std::to_string(description.width));
  file.set("heads", std::to_string(description.heads));
  file.set("feed_forward", std::to_string(description.feed_forward));
  file.set("positions", std::to_string(description.max_positions));
  file.set("begin_id", std::to_string(config.begin_id));
  file.set("end_id", std::to_string(config.end_id));
  file.set("unknown_id", std::to_string(config.unknown_id));
  std::string control_ids;
  for (const std::int32_t id : config.control_ids) control_ids += (control_ids.empty() ? "" : " ") + std::to_string(id);
  file.set("control_ids", control_ids);
  std::string epsilon(32, '\0');
  epsilon.resize(static_cast<std::size_t>(
      std::to_chars(epsilon.data(), epsilon.data() + epsilon.size(), config.epsilon).ptr - epsilon.data()));
  file.set("epsilon", epsilon);
}

Result<ModelFile> read_model_file(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kModelFileName;
  auto tensors = Safetensors::read(path);
  if (!tensors) return tensors.error();
  auto config = read_config(*tensors);
  if (!config) return config.error().while_doing("'" + to_utf8(path) + "'");
  ModelFile file{std::move(config).value(), std::move(tensors).value()};
  file.config.description.file_bytes = file.tensors.bytes().size();
  file.config.description.identity =
      file.config.description.name + "@" + sha256_hex(file.tensors.bytes()).substr(0, 16);
  return file;
}

Result<UnigramVocabulary> read_vocabulary(const ModelFile& file) {
  const ModelDescription& description = file.config.description;
  const Safetensors& tensors = file.tensors;
  const auto bytes = tensors.length("tokenizer.piece_bytes", TensorType::u8);
  if (!bytes) return bytes.error();
  const auto map = tensors.length("tokenizer.map_from", TensorType::u32);
  if (!map) return map.error();
  const auto replacements = tensors.length("tokenizer.map_to", TensorType::u32);
  if (!replacements) return replacements.error();

  const auto piece_bytes = tensors.tensor("tokenizer.piece_bytes", TensorType::u8, {*bytes});
  if (!piece_bytes) return piece_bytes.error();
  auto sizes = tensors.numbers<std::uint8_t>("tokenizer.piece_sizes", {description.pieces});
  if (!sizes) return sizes.error();
  auto scores = tensors.numbers<float>("tokenizer.scores", {description.pieces});
  if (!scores) return scores.error();
  const auto kept = tensors.numbers<std::int32_t>("tokenizer.kept", {description.vocabulary});
  if (!kept) return kept.error();
  auto map_from = tensors.numbers<std::uint32_t>("tokenizer.map_from", {*map});
  if (!map_from) return map_from.error();
  auto map_counts = tensors.numbers<std::uint8_t>("tokenizer.map_counts", {*map});
  if (!map_counts) return map_counts.error();
  auto map_to = tensors.numbers<std::uint32_t>("tokenizer.map_to", {*replacements});
  if (!map_to) return map_to.error();

  UnigramVocabulary vocabulary;
  vocabulary.rows.assign(description.pieces, -1);
  std::int32_t last = -1;
  for (std::size_t row = 0; row < kept->size(); ++row) {
    const std::int32_t id = (*kept)[row];
    if (id <= last || static_cast<std::size_t>(id) >= description.pieces) {
      return Error{ErrorKind::corrupt, "tensor 'tokenizer.kept': ids do not ascend or are out of range"};
    }
    vocabulary.rows[static_cast<std::size_t>(id)] = static_cast<std::int32_t>(row);
    last = id;
  }
  vocabulary.piece_bytes.assign(piece_bytes->begin(), piece_bytes->end());
  vocabulary.piece_sizes = std::move(sizes).value();
  vocabulary.scores = std::move(scores).value();
  vocabulary.control_ids = file.config.control_ids;
  vocabulary.unknown_id = file.config.unknown_id;
  vocabulary.map_from = std::move(map_from).value();
  vocabulary.map_counts = std::move(map_counts).value();
  vocabulary.map_to = std::move(map_to).value();
  return vocabulary;
}

}  // namespace attune
