// The file of an edit model.
#include "attune/core/file.hpp"
#include "attune/model/edit.hpp"

#include "model/metadata_fields.hpp"
#include "model/slice_file.hpp"

namespace attune {
namespace {

constexpr const char* kFormat = "attune-edit-layers";
constexpr const char* kVersion = "1";
constexpr std::size_t kMostEmbeddings = 64;
constexpr std::size_t kMostGlue = 8000;

EditModel read_fields(const std::map<std::string, std::string>& metadata, FieldReader& fields) {
  fields.one_of("format", {kFormat});
  fields.one_of("format_version", {kVersion});
  EditModel model;
  model.name = fields.text("name");
  model.base = fields.text("base");
  model.licence = fields.text("licence");
  EditShape& shape = model.shape;
  shape.lower_layers = fields.number("lower_layers", 0, kMostLayers);
  shape.upper_layers = fields.number("upper_layers", 1, kMostLayers);
  shape.turns = fields.number("turns", 1, kMostEmbeddings);
  shape.places = fields.number("places", 1, kMostEmbeddings);
  shape.layer = read_layer_shape(fields);
  // "\n's\n的": the first is none.
  model.glue = split_lines(fields.text("glue"));
  if (!model.glue.front().empty()) fields.fail(corrupt_field("glue", "does not begin with none"));
  if (model.glue.size() > kMostGlue) fields.fail(corrupt_field("glue", "has too many words"));
  shape.glue = model.glue.size();
  model.notes = read_notes(metadata);
  return model;
}

}  // namespace

Status save_edit_model(const EditModel& model, const std::filesystem::path& file, WeightPrecision precision) {
  SafetensorsBuilder builder;
  const EditShape& shape = model.shape;
  builder.set("format", kFormat);
  builder.set("format_version", kVersion);
  builder.set("name", model.name);
  builder.set("base", model.base);
  builder.set("licence", model.licence);
  builder.set("lower_layers", std::to_string(shape.lower_layers));
  builder.set("upper_layers", std::to_string(shape.upper_layers));
  builder.set("turns", std::to_string(shape.turns));
  builder.set("places", std::to_string(shape.places));
  write_layer_shape(shape.layer, builder);
  builder.set("glue", join_lines(model.glue));
  write_notes(model.notes, builder);
  const Status added = add_slices(edit_layout(shape), model.weights, precision, builder);
  if (!added) return added.error();
  return write_file_durably(file, builder.bytes());
}

Result<EditModel> load_edit_model(const std::filesystem::path& file) {
  const auto place = "'" + to_utf8(file) + "'";
  const auto tensors = Safetensors::read(file);
  if (!tensors) return tensors.error();
  FieldReader fields(tensors->metadata());
  EditModel model = read_fields(tensors->metadata(), fields);
  if (!fields.status()) return fields.status().error().while_doing(place);
  auto weights = read_slices(*tensors, edit_layout(model.shape));
  if (!weights) return weights.error().while_doing(place);
  model.weights = std::move(*weights);
  return model;
}

}  // namespace attune
