// What the files of our own layers have in common: weights by slices, and the layers' shape in the metadata.
#include "model/slice_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "model/tensor_table.hpp"
#include "model/write_model.hpp"

namespace attune {
namespace {

constexpr std::size_t kWidest = 8192;
constexpr const char* kNotePrefix = "note.";

std::span<const std::uint8_t> bytes_of(std::span<const float> numbers) {
  return {reinterpret_cast<const std::uint8_t*>(numbers.data()), numbers.size_bytes()};
}

Status add_slice(const WeightSlice& slice, std::span<const float> numbers, WeightPrecision precision,
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
Status read_slice(const Safetensors& file, const WeightSlice& slice, std::span<float> out) {
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

float read_epsilon(FieldReader& fields) {
  const auto value = parse_number(fields.text("epsilon"));
  if (value && *value > 0 && *value < 1) return *value;
  fields.fail(corrupt_field("epsilon", "is not a number between 0 and 1"));
  return 0;
}

}  // namespace

std::optional<float> parse_number(std::string_view text) {
  float value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string shortest(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

Status add_slices(std::span<const WeightSlice> slices, std::span<const float> weights, WeightPrecision precision,
                  SafetensorsBuilder& file) {
  for (const WeightSlice& slice : slices) {
    const Status status = add_slice(slice, weights.subspan(slice.first, slice.count()), precision, file);
    if (!status) return status;
  }
  return {};
}

Result<std::vector<float>> read_slices(const Safetensors& file, std::span<const WeightSlice> slices) {
  // Before memory is taken: a file of this shape has a byte for each number at least.
  const std::size_t numbers = slices.back().first + slices.back().count();
  if (numbers > file.bytes().size()) return Error{ErrorKind::corrupt, "is too short for its shape"};
  std::vector<float> weights(numbers);
  for (const WeightSlice& slice : slices) {
    const Status status = read_slice(file, slice, std::span(weights).subspan(slice.first, slice.count()));
    if (!status) return status.error();
  }
  return weights;
}

void write_layer_shape(const LayerShape& shape, SafetensorsBuilder& file) {
  file.set("width", std::to_string(shape.width));
  file.set("heads", std::to_string(shape.heads));
  file.set("feed_forward", std::to_string(shape.feed_forward));
  file.set("epsilon", shortest(shape.epsilon));
  file.set("gelu", shape.gelu == nn::GeluForm::erf ? "erf" : "tanh");
}

LayerShape read_layer_shape(FieldReader& fields) {
  LayerShape shape;
  shape.width = fields.number("width", 1, kWidest);
  shape.heads = fields.number("heads", 1, kWidest);
  shape.feed_forward = fields.number("feed_forward", 1, 8 * kWidest);
  shape.epsilon = read_epsilon(fields);
  shape.gelu = fields.one_of("gelu", {"erf", "tanh"}) == 0 ? nn::GeluForm::erf : nn::GeluForm::tanh;
  if (shape.heads == 0 || shape.width % shape.heads != 0) {
    fields.fail(corrupt_field("heads", "does not divide the width"));
  }
  return shape;
}

std::map<std::string, std::string> read_notes(const std::map<std::string, std::string>& metadata) {
  std::map<std::string, std::string> notes;
  for (const auto& [key, text] : metadata) {
    if (key.starts_with(kNotePrefix)) notes[key.substr(std::string_view(kNotePrefix).size())] = text;
  }
  return notes;
}

void write_notes(const std::map<std::string, std::string>& notes, SafetensorsBuilder& file) {
  for (const auto& [key, text] : notes) file.set(kNotePrefix + key, text);
}

std::string join_lines(std::span<const std::string> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) text += (i > 0 ? "\n" : "") + words[i];
  return text;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    words.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  return words;
}

}  // namespace attune
