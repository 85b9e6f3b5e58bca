// What config.json says of an encoder, and which tensors an encoder of that kind has. ONNX exports without config.json
// fill the same struct from their graph.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attune/core/result.hpp"

#include "model/encoder_weights.hpp"
#include "model/json_fields.hpp"
#include "model/tensor_table.hpp"

namespace attune {

// Sizes that a file may name. What lies beyond is damage or an attack.
inline constexpr std::size_t kMaxLayers = 256;
inline constexpr std::size_t kMaxHeads = 256;
inline constexpr std::size_t kMaxWidth = 8192;
inline constexpr std::size_t kMaxFeedForward = 65536;
inline constexpr std::size_t kMaxPositions = 65536;
inline constexpr std::size_t kMaxTokenTypes = 16;
inline constexpr std::size_t kMaxVocabulary = 4'000'000;
inline constexpr std::size_t kMaxLabels = 10'000;

// Three ways to name the tensors of the same encoder. XLM-R and CamemBERT are named like RoBERTa; MiniLM, E5, BGE and
// GTE of BERT's form like BERT.
enum class EncoderFamily { bert, roberta, distilbert };

struct EncoderConfig {
  EncoderFamily family = EncoderFamily::bert;
  std::string model_type;           // "bert", "xlm-roberta", …
  EncoderShape shape;               // pooling and unit_length stand elsewhere
  std::optional<bool> has_head;     // of sequence classification; unset: if its tensors are there
  std::vector<std::string> labels;  // their names; empty: not said
};

// Reads config.json. Fails with corrupt (a field is missing, of another type, out of range) and with unsupported for
// what this program cannot run: another architecture or activation, a decoder, relative or rotary positions, …; names
// the field.
Result<EncoderConfig> parse_encoder_config(const Json& json);

// Finds all weights, under whatever prefix ("bert.", "model.", …) they stand, and checks their shapes. Fails like
// TensorTable, and with unsupported on a tensor inside the encoder that no encoder of this family has.
Result<EncoderWeights> collect_weights(const TensorTable& tensors, const EncoderConfig& config);

}  // namespace attune
