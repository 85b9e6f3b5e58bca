// A model of any format, read and checked: what `Encoder::open` starts from.
//
// A model is a directory with model.safetensors (our own file, or Hugging Face's with config.json beside it) or with
// one .onnx file, or that .onnx file itself.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "attune/core/result.hpp"
#include "attune/model.hpp"

#include "model/encoder_weights.hpp"
#include "model/mapped_file.hpp"
#include "model/model_file.hpp"
#include "model/tensor_table.hpp"

namespace attune {

// The tokenizer as the model's files hold it. Exactly one of the three is there, or none: then the encoder runs, but
// there is nothing to cut text with.
struct TokenizerSource {
  std::string_view json;                 // tokenizer.json, whole
  std::string_view vocabulary;           // vocab.txt, whole: WordPiece, one piece a line
  bool lower_case = true;                // for `vocabulary`: do_lower_case of tokenizer_config.json
  std::shared_ptr<const ModelFile> own;  // our own file with Unigram tensors, for read_vocabulary()
  std::shared_ptr<const void> keep;      // what the views point into
};

// Where a model was found.
struct ModelFiles {
  std::filesystem::path weights;
  std::filesystem::path directory;  // of config.json and its like
};

struct ModelParts {
  ModelDescription description;
  EncoderWeights weights;
  TokenizerSource tokenizer;
  ModelFiles files = {};
  std::shared_ptr<const MappedFile> mapped = {};  // the file that holds the weights
};

// Maps and checks everything but the values of large matrices. Fails with not_found, io, corrupt (naming the tensor or
// the field) or unsupported.
Result<ModelParts> read_model(const std::filesystem::path& path);

// The weights alone.
Result<EncoderWeights> read_encoder_weights(const std::filesystem::path& path);

// What the formats' readers share.
std::string_view number_type_name(NumberType type);  // "f32", "f16", "bf16", "int8", "q4"
// Fills what follows from the weights: sizes, labels' number, precision.
void describe_weights(const EncoderWeights& weights, ModelDescription& description);
// The readers. `directory` is where a model's other files stand. They leave to read_model what a model's name, file and
// neighbours say: identity, pooling, prefixes.
struct WeightFile {
  std::filesystem::path path;
  std::shared_ptr<const MappedFile> mapped;
};
Result<ModelParts> read_own_model(const Safetensors& tensors);
Result<ModelParts> read_hugging_face_model(const Safetensors& tensors, const std::filesystem::path& directory,
                                           const std::string& name);
Result<ModelParts> read_onnx_model(const WeightFile& file, const std::filesystem::path& directory,
                                   const std::string& name);
// All tensors of a file of Hugging Face's.
TensorTable table_of(const Safetensors& tensors);
// tokenizer.json or vocab.txt of `directory`, or "<stem>-tokenizer.json" if `stem` is not empty. Fails with io,
// too_large.
Result<TokenizerSource> find_tokenizer(const std::filesystem::path& directory, const std::string& stem);

}  // namespace attune
