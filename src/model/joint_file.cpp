// The file of a joint model.
#include <charconv>
#include <cmath>

#include "attune/core/file.hpp"
#include "attune/model/joint.hpp"

#include "model/metadata_fields.hpp"
#include "model/safetensors.hpp"
#include "model/tensor_table.hpp"
#include "model/write_model.hpp"

namespace attune {
namespace {

constexpr const char* kFormat = "attune-joint-layers";
constexpr const char* kVersion = "2";
constexpr const char* kCalibration = "calibration";
constexpr const char* kNotePrefix = "note.";
constexpr std::size_t kMostLayers = 64;
constexpr std::size_t kWidest = 8192;

std::span<const std::uint8_t> bytes_of(std::span<const float> numbers) {
  return {reinterpret_cast<const std::uint8_t*>(numbers.data()), numbers.size_bytes()};
}

Status add_slice(const JointSlice& slice, std::span<const float> numbers, WeightPrecision precision,
                 SafetensorsBuilder& file) {
  if (const Status status = check_finite(slice.name, numbers); !status) return status;
  if (slice.columns == 0 || precision == WeightPrecision::f32) {
    std::vector<std::uint64_t> shape{slice.rows};
    if (slice.columns > 0) shape.push_back(slice.columns);
    file.add(slice.name, std::move(shape), std::vector<float>(numbers.begin(), numbers.end()));
    return {};
  }
  const WeightMatrix matrix = {
      .type = NumberType::f32, .bytes = bytes_of(numbers), .rows = slice.rows, .columns = slice.columns};
  auto rounded = quantise_rows(matrix, kMaxWeight, slice.name);
  if (!rounded) return rounded.error();
  file.add(slice.name, {slice.rows, slice.columns}, rounded->values);
  file.add(slice.name + ".scales", {slice.rows}, rounded->scales);
  return {};
}

// One tensor of either precision as FP32.
Status read_slice(const Safetensors& file, const JointSlice& slice, std::span<float> out) {
  const bool is_matrix = slice.columns > 0;
  std::vector<std::uint64_t> shape{slice.rows};
  if (is_matrix) shape.push_back(slice.columns);
  const auto found = file.tensors().find(slice.name);
  if (is_matrix && found != file.tensors().end() && found->second.type == TensorType::i8) {
    const auto values = file.tensor(slice.name, TensorType::i8, shape);
    if (!values) return values.error();
    const auto scales = file.numbers<float>(slice.name + ".scales", {slice.rows});
    if (!scales) return scales.error();
    const std::span<const float> numbers = *scales;
    const WeightMatrix matrix = {.type = NumberType::i8,
                                 .bytes = *values,
                                 .row_scales = bytes_of(numbers),
                                 .rows = slice.rows,
                                 .columns = slice.columns};
    read_rows(matrix, 0, slice.rows, out);
  } else {
    const auto values = file.numbers<float>(slice.name, shape);
    if (!values) return values.error();
    std::ranges::copy(*values, out.begin());
  }
  return check_finite(slice.name, out);
}

std::optional<float> parse_number(std::string_view text) {
  float value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

float read_epsilon(FieldReader& fields) {
  const auto value = parse_number(fields.text("epsilon"));
  if (value && *value > 0 && *value < 1) return *value;
  fields.fail(corrupt_field("epsilon", "is not a number between 0 and 1"));
  return 0;
}

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

std::string shortest(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
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
  shape.width = fields.number("width", 1, kWidest);
  shape.heads = fields.number("heads", 1, kWidest);
  shape.feed_forward = fields.number("feed_forward", 1, 8 * kWidest);
  shape.epsilon = read_epsilon(fields);
  shape.gelu = fields.one_of("gelu", {"erf", "tanh"}) == 0 ? nn::GeluForm::erf : nn::GeluForm::tanh;
  if (shape.width % shape.heads != 0) fields.fail(corrupt_field("heads", "does not divide the width"));
  model.calibration = read_calibration(metadata, fields);
  for (const auto& [key, text] : metadata) {
    if (key.starts_with(kNotePrefix)) model.notes[key.substr(std::string_view(kNotePrefix).size())] = text;
  }
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
  builder.set("width", std::to_string(shape.width));
  builder.set("heads", std::to_string(shape.heads));
  builder.set("feed_forward", std::to_string(shape.feed_forward));
  builder.set("epsilon", shortest(shape.epsilon));
  builder.set("gelu", shape.gelu == nn::GeluForm::erf ? "erf" : "tanh");
  if (model.calibration) {
    builder.set(kCalibration, shortest(model.calibration->slope) + " " + shortest(model.calibration->offset));
  }
  for (const auto& [key, text] : model.notes) builder.set(kNotePrefix + key, text);
  for (const JointSlice& slice : joint_layout(shape)) {
    const std::span<const float> numbers = std::span(model.weights).subspan(slice.first, slice.count());
    if (const Status status = add_slice(slice, numbers, precision, builder); !status) return status;
  }
  return write_file_durably(file, builder.bytes());
}

Result<JointModel> load_joint_model(const std::filesystem::path& file) {
  const auto place = "'" + to_utf8(file) + "'";
  const auto tensors = Safetensors::read(file);
  if (!tensors) return tensors.error();
  FieldReader fields(tensors->metadata());
  JointModel model = read_fields(tensors->metadata(), fields);
  if (!fields.status()) return fields.status().error().while_doing(place);
  const std::vector<JointSlice> layout = joint_layout(model.shape);
  // Before memory is taken: a file of this shape has a byte for each number at least.
  const std::size_t numbers = layout.back().first + layout.back().count();
  if (numbers > tensors->bytes().size()) {
    return Error{ErrorKind::corrupt, "is too short for its shape"}.while_doing(place);
  }
  model.weights.resize(numbers);
  for (const JointSlice& slice : layout) {
    const std::span<float> out = std::span(model.weights).subspan(slice.first, slice.count());
    if (const Status status = read_slice(*tensors, slice, out); !status) return status.error().while_doing(place);
  }
  return model;
}

}  // namespace attune
