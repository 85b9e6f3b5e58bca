// What the files of our own layers have in common: weights by slices, and the layers' shape in the metadata.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"
#include "attune/model/layer.hpp"

#include "model/metadata_fields.hpp"
#include "model/safetensors.hpp"

namespace attune {

constexpr std::size_t kMostLayers = 64;

// Matrices int8 with a scale for each row (or FP32), vectors FP32. Fails with bad_input if a number is not finite.
Status add_slices(std::span<const WeightSlice> slices, std::span<const float> weights, WeightPrecision precision,
                  SafetensorsBuilder& file);
// All numbers as FP32, whatever their precision. Fails with corrupt, naming the tensor.
Result<std::vector<float>> read_slices(const Safetensors& file, std::span<const WeightSlice> slices);

void write_layer_shape(const LayerShape& shape, SafetensorsBuilder& file);
LayerShape read_layer_shape(FieldReader& fields);

// What else a model's file says: metadata whose keys begin with "note.".
std::map<std::string, std::string> read_notes(const std::map<std::string, std::string>& metadata);
void write_notes(const std::map<std::string, std::string>& notes, SafetensorsBuilder& file);

// Words with a line break between them, as one field of the metadata; words that hold none.
std::string join_lines(std::span<const std::string> words);
std::vector<std::string> split_lines(std::string_view text);

// A finite number in the C locale, all of `text`; and the shortest text that gives the number again.
std::optional<float> parse_number(std::string_view text);
std::string shortest(float value);

}  // namespace attune
