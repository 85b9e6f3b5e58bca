// How an encoder's rows become one vector, and what stands before a text: the files that sentence-transformers put
// beside a model, and for the models that this project knows what their authors say.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "attune/core/result.hpp"

#include "model/encoder_weights.hpp"

namespace attune {

struct SentenceSettings {
  Pooling pooling = Pooling::mean;
  bool unit_length = true;
  std::size_t max_tokens = 0;  // special ones included; 0: as many as there are positions
  std::string query_prefix;
  std::string passage_prefix;
  std::string licence;  // SPDX name; "": not known
  std::string source;   // where the weights come from; "": not known
};

// Reads 1_Pooling/config.json, modules.json, sentence_bert_config.json and config_sentence_transformers.json of
// `directory`, each only if it is there. `name` is the model's. Fails with corrupt or unsupported (another pooling, a
// module that this program cannot run), naming the field.
Result<SentenceSettings> read_sentence_settings(const std::filesystem::path& directory, std::string_view name,
                                                std::size_t width);

std::string_view pooling_name(Pooling pooling);  // "mean", "cls", "weighted"

}  // namespace attune
