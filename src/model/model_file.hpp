// model.safetensors as we write it: which tensors and which metadata there are. Written by convert.cpp, read by the
// encoder and the catalogue; this is the one place that knows the fields' names.
//
// K kept pieces, W width, F width inside the feed-forward part, P positions. A matrix in 4-bit blocks is U8
// [rows, columns / 32 · 18].
//   tokenizer.piece_bytes U8 [..], .piece_sizes U8 [pieces], .scores F32 [pieces], .kept I32 [K] (full ids, ascending),
//   tokenizer.map_from U32 [..], .map_counts U8 [..], .map_to U32 [..]
//   embeddings.word U8 (K, W), .position F32 [P, W], .token_type F32 [W] (the first type), .norm.scale|shift F32 [W]
//   layers.<n>.query|key|value|attention_output .weight U8 (W, W) .bias F32 [W], .attention_norm .scale|shift,
//   layers.<n>.feed_forward_in .weight (F, W), .feed_forward_out .weight (W, F), .output_norm .scale|shift
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"

#include "model/safetensors.hpp"

namespace attune {

inline constexpr const char* kModelFileName = "model.safetensors";
inline constexpr const char* kModelFormat = "attune-model";
inline constexpr const char* kModelFormatVersion = "1";
inline constexpr const char* kEncoderArchitecture = "bert-encoder";
inline constexpr const char* kMeanPooling = "mean";

// What stands in the metadata.
struct ModelConfig {
  ModelDescription description;  // without what is seen of the file
  float epsilon = 0;
  std::int32_t begin_id = 0;  // full ids of special pieces
  std::int32_t end_id = 0;
  std::int32_t unknown_id = 0;
  std::vector<std::int32_t> control_ids;
};

struct ModelFile {
  ModelConfig config;
  Safetensors tensors;
};

// Shape of a matrix kept in 4-bit blocks.
std::vector<std::uint64_t> q4_shape(std::size_t rows, std::size_t columns);

void write_config(const ModelConfig& config, SafetensorsBuilder& file);

// Reads the file and its metadata, and checks that there is a kept piece for each row. Fails with corrupt (naming the
// field or tensor) or unsupported (another format, version, architecture or pooling).
Result<ModelFile> read_model_file(const std::filesystem::path& directory);

// The tokenizer's data out of the file. Fails with corrupt, naming the tensor.
Result<UnigramVocabulary> read_vocabulary(const ModelFile& file);

}  // namespace attune
