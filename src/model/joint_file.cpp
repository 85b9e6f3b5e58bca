// The file of a joint model.
#include <algorithm>

#include "attune/core/file.hpp"
#include "attune/model/joint.hpp"

#include "model/metadata_fields.hpp"
#include "model/slice_file.hpp"

namespace attune {
namespace {

constexpr const char* kFormat = "attune-joint-layers";
constexpr const char* kVersion = "2";
constexpr const char* kCalibration = "calibration";

// "slope offset", or absent.
std::optional<Calibration> read_calibration(const std::map<std::string, std::string>& metadata, FieldReader& fields) {
  const auto field = metadata.find(kCalibration);
  if (field == metadata.end()) return std::nullopt;
  const std::string_view text = field->second;
  const std::size_t space = std::min(text.find(' '), text.size());
  const auto slope = parse_number(text.substr(0, space));
  const auto offset = parse_number(text.substr(std::min(space + 1, text.size())));
  if (slope && offset) return Calibration{*slope, *offset};
  fields.fail(corrupt_field(kCalibration, "is not a slope and an offset"));
  return std::nullopt;
}

JointModel read_fields(const std::map<std::string, std::string>& metadata, FieldReader& fields) {
  fields.one_of("format", {kFormat});
  fields.one_of("format_version", {kVersion});
  JointModel model;
  model.name = fields.text("name");
  model.base = fields.text("base");
  model.query_prefix = fields.text("query_prefix");
  model.passage_prefix = fields.text("passage_prefix");
  model.licence = fields.text("licence");
  JointShape& shape = model.shape;
  shape.lower_layers = fields.number("lower_layers", 0, kMostLayers);
  shape.upper_layers = fields.number("upper_layers", 1, kMostLayers);
  shape.one_sided = fields.one_of("reads", {"both_sides", "query_side"}) == 1;
  const LayerShape layer = read_layer_shape(fields);
  shape.width = layer.width;
  shape.heads = layer.heads;
  shape.feed_forward = layer.feed_forward;
  shape.epsilon = layer.epsilon;
  shape.gelu = layer.gelu;
  model.calibration = read_calibration(metadata, fields);
  model.notes = read_notes(metadata);
  return model;
}

}  // namespace

Status save_joint_model(const JointModel& model, const std::filesystem::path& file, WeightPrecision precision) {
  SafetensorsBuilder builder;
  const JointShape& shape = model.shape;
  builder.set("format", kFormat);
  builder.set("format_version", kVersion);
  builder.set("name", model.name);
  builder.set("base", model.base);
  builder.set("query_prefix", model.query_prefix);
  builder.set("passage_prefix", model.passage_prefix);
  builder.set("licence", model.licence);
  builder.set("lower_layers", std::to_string(shape.lower_layers));
  builder.set("upper_layers", std::to_string(shape.upper_layers));
  builder.set("reads", shape.one_sided ? "query_side" : "both_sides");
  write_layer_shape(shape.layer(), builder);
  if (model.calibration) {
    builder.set(kCalibration, shortest(model.calibration->slope) + " " + shortest(model.calibration->offset));
  }
  write_notes(model.notes, builder);
  if (const Status status = add_slices(joint_layout(shape), model.weights, precision, builder); !status) return status;
  return write_file_durably(file, builder.bytes());
}

Result<JointModel> load_joint_model(const std::filesystem::path& file) {
  const auto place = "'" + to_utf8(file) + "'";
  const auto tensors = Safetensors::read(file);
  if (!tensors) return tensors.error();
  FieldReader fields(tensors->metadata());
  JointModel model = read_fields(tensors->metadata(), fields);
  if (!fields.status()) return fields.status().error().while_doing(place);
  auto weights = read_slices(*tensors, joint_layout(model.shape));
  if (!weights) return weights.error().while_doing(place);
  model.weights = std::move(*weights);
  return model;
}

}  // namespace attune
