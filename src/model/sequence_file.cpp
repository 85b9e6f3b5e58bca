// The file of a sequence model.
#include "attune/core/file.hpp"
#include "attune/model/sequence.hpp"

#include "model/metadata_fields.hpp"
#include "model/slice_file.hpp"

namespace attune {
namespace {

constexpr const char* kFormat = "attune-sequence";
constexpr const char* kVersion = "1";
constexpr std::size_t kMostStateWidth = 8192;
constexpr std::size_t kMostTurns = 64;
constexpr std::size_t kMostSourceWords = 100'000;

std::vector<std::string> read_words(FieldReader& fields, const std::string& key, std::size_t most) {
  auto words = split_lines(fields.text(key));
  if (words.size() <= kUnknownWord || words.size() > most) {
    fields.fail(corrupt_field(key, "does not have from 3 to " + std::to_string(most) + " words"));
  }
  return words;
}

SequenceModel read_fields(const std::map<std::string, std::string>& metadata, FieldReader& fields) {
  fields.one_of("format", {kFormat});
  fields.one_of("format_version", {kVersion});
  SequenceModel model;
  model.name = fields.text("name");
  model.base = fields.text("base");
  model.licence = fields.text("licence");
  SequenceShape& shape = model.shape;
  shape.architecture =
      static_cast<SequenceArchitecture>(fields.one_of("architecture", {"rnn", "rnn-attention", "transformer"}));
  shape.state_width = fields.number("state_width", 0, kMostStateWidth);
  shape.lower_layers = fields.number("lower_layers", 0, kMostLayers);
  shape.turns = fields.number("turns", 1, kMostTurns);
  shape.encoder_layers = fields.number("encoder_layers", 1, kMostLayers);
  shape.decoder_layers = fields.number("decoder_layers", 1, kMostLayers);
  shape.copies = fields.number("copies", 0, 1) == 1;
  shape.layer = read_layer_shape(fields);
  if (shape.layer.width % 2 != 0) fields.fail(corrupt_field("width", "is odd"));
  if (shape.copies && !shape.aligns()) fields.fail(corrupt_field("copies", "needs an alignment, which an rnn lacks"));
  model.seed = fields.number("seed", 0, std::size_t{1} << 53U);
  model.source_words = read_words(fields, "source_words", kMostSourceWords);
  model.target_words = read_words(fields, "target_words", kMostSequenceWords);
  shape.source_words = model.source_words.size();
  shape.target_words = model.target_words.size();
  model.notes = read_notes(metadata);
  return model;
}

}  // namespace

Status save_sequence_model(const SequenceModel& model, const std::filesystem::path& file, WeightPrecision precision) {
  SafetensorsBuilder builder;
  const SequenceShape& shape = model.shape;
  builder.set("format", kFormat);
  builder.set("format_version", kVersion);
  builder.set("name", model.name);
  builder.set("base", model.base);
  builder.set("licence", model.licence);
  builder.set("architecture", std::string(name_of(shape.architecture)));
  builder.set("state_width", std::to_string(shape.state_width));
  builder.set("lower_layers", std::to_string(shape.lower_layers));
  builder.set("turns", std::to_string(shape.turns));
  builder.set("encoder_layers", std::to_string(shape.encoder_layers));
  builder.set("decoder_layers", std::to_string(shape.decoder_layers));
  builder.set("copies", shape.copies ? "1" : "0");
  builder.set("seed", std::to_string(model.seed));
  write_layer_shape(shape.layer, builder);
  builder.set("source_words", join_lines(model.source_words));
  builder.set("target_words", join_lines(model.target_words));
  write_notes(model.notes, builder);
  const Status added = add_slices(sequence_layout(shape), model.weights, precision, builder);
  if (!added) return added.error();
  return write_file_durably(file, builder.bytes());
}

Result<SequenceModel> load_sequence_model(const std::filesystem::path& file) {
  const auto place = "'" + to_utf8(file) + "'";
  const auto tensors = Safetensors::read(file);
  if (!tensors) return tensors.error();
  FieldReader fields(tensors->metadata());
  SequenceModel model = read_fields(tensors->metadata(), fields);
  if (!fields.status()) return fields.status().error().while_doing(place);
  auto weights = read_slices(*tensors, sequence_layout(model.shape));
  if (!weights) return weights.error().while_doing(place);
  model.weights = std::move(*weights);
  return model;
}

}  // namespace attune
