// The parts of a tokenizer.json, each read by itself. All fail with bad_input or unsupported, naming the place.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "tokenizer/file_tokenizer.hpp"

namespace attune {

Result<NormalizerPointer> read_normalizer(const nlohmann::json& value, const std::string& place);
Result<PreTokenizerPointer> read_pre_tokenizer(const nlohmann::json& value, const std::string& place);
Result<PieceModelPointer> read_piece_model(const nlohmann::json& value, const std::string& place);
Result<std::vector<AddedToken>> read_added_tokens(const nlohmann::json& value, const std::string& place);

// Reads into `parts.sequence` and `parts.trimming`.
Status read_post_processor(const nlohmann::json& value, const std::string& place, TokenizerParts& parts);

// A literal or an expression: {"String": "a"} or {"Regex": "a+"}.
Result<std::unique_ptr<Pattern>> read_pattern(const nlohmann::json* value, const std::string& place);

}  // namespace attune
