// model.safetensors as we write it: which tensors and which metadata there are. This is the one place that knows the
// fields' names.
//
// R rows of the word table, W width, F width inside the feed-forward part, P positions, K token types, L labels.
//   embeddings.word (R, W), .position F32 [P, W], .token_type F32 [K, W], .norm.scale|shift F32 [W]
//   layers.<n>.query|key|value|attention_output .weight (W, W) .bias F32 [W], .attention_norm .scale|shift,
//   layers.<n>.feed_forward_in .weight (F, W), .feed_forward_out .weight (W, F), .output_norm .scale|shift
//   head.dense .weight (W, W) .bias F32 [W], head.classifier .weight (L, W) .bias F32 [L]: if there is a head
// A matrix (rows, columns) is F32, F16 or BF16 [rows, columns]; or int8: I8 [rows, columns] with "<name>.scales" F32
// [rows]; or 4-bit blocks: U8 [rows, columns / 32 · 18].
//
// The tokenizer is one of these:
//   tokenizer.json U8 [..]        tokenizer.json, whole
//   tokenizer.vocabulary U8 [..]  vocab.txt, whole
//   tokenizer.piece_bytes U8 [..], .piece_sizes U8 [pieces], .scores F32 [pieces], .kept I32 [R] (full ids, ascending),
//   tokenizer.map_from U32 [..], .map_counts U8 [..], .map_to U32 [..]   a Unigram vocabulary, of which R pieces have
//   rows
//
// Version 1 has 4-bit blocks, a Unigram vocabulary, mean pooling and F32 [W] for its one token type; version 2 has all
// of the above.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"

#include "model/encoder_weights.hpp"
#include "model/safetensors.hpp"

namespace attune {

inline constexpr const char* kModelFileName = "model.safetensors";
inline constexpr const char* kModelFormat = "attune-model";
inline constexpr const char* kEncoderArchitecture = "bert-encoder";

// What stands in the metadata.
struct ModelConfig {
  int version = 1;
  ModelDescription description;  // without what is seen of the file
  EncoderShape shape;
  HeadParameters::Activation head_activation = HeadParameters::Activation::none;
  bool has_head = false;
  bool lower_case = true;  // for tokenizer.vocabulary

  // Of a Unigram vocabulary: full ids of special pieces.
  bool has_unigram = false;
  std::int32_t begin_id = 0;
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

// Writes the metadata of config.version.
void write_config(const ModelConfig& config, SafetensorsBuilder& file);

// True if the file says that it is ours.
bool is_own_model(const Safetensors& tensors);

// Reads the metadata, and checks that a Unigram vocabulary has a kept piece for each row. Fails with corrupt (naming
// the field or tensor) or unsupported (another version, architecture or pooling).
Result<ModelConfig> read_config(const Safetensors& tensors);

// The weights as views into the file. Fails with corrupt, naming the tensor: absent, another shape, numbers that are
// not finite (in FP32 vectors and in scales; FP32 matrices are not looked at).
Result<EncoderWeights> own_weights(const ModelFile& file);

// The Unigram tokenizer's data out of the file. Fails with corrupt, naming the tensor.
Result<UnigramVocabulary> read_vocabulary(const ModelFile& file);

}  // namespace attune
