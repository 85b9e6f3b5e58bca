// Embed: text in, vector out. A self-attention encoder with its tokenizer, pooling and prefixes behind one call.
//
// Used by ingest for passages and by retrieve for questions. Thread-safe: calls keep no state. The vector of a text
// never depends on what it is embedded together with, in which order, or on how many threads.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/nn.hpp"
#include "attune/tokenizer.hpp"

namespace attune {

class Encoder;  // attune/model.hpp

enum class EmbedRole { query, passage };  // some models prefix the two differently; that is the model's business

struct EmbedOptions {
  int threads = 0;  // 0: one for each core
  nn::Precision precision = nn::Precision::i8;
};

// Vectors of unit length, row-major [texts, dimension].
struct Embeddings {
  std::size_t dimension = 0;
  std::vector<float> values;
  std::size_t truncated = 0;  // texts that were longer than the model reads
  std::size_t tokens = 0;     // tokens read in all

  [[nodiscard]] std::span<const float> row(std::size_t index) const {
    return std::span(values).subspan(index * dimension, dimension);
  }
};

// What one layer of the encoder says of each token, and the vectors that it ends with.
struct TokenStates {
  Embeddings vectors;
  std::vector<std::size_t> lengths;  // tokens of each text, its prefix and the special ones included
  std::vector<float> states;         // [all tokens, width], text after text
};

struct StatesWanted {
  std::size_t layer = 0;       // 0: the embeddings, 1: the first layer …
  std::size_t max_tokens = 0;  // of a text, all included; 0: as many as the model reads
};

class Embedder {
 public:
  virtual ~Embedder() = default;

  // One unit vector for each text. Fails with cancelled.
  [[nodiscard]] virtual Result<Embeddings> embed(std::span<const std::string_view> texts, EmbedRole role,
                                                 std::stop_token stop = {}) const = 0;

  // The same with one layer's states, which joint layers read (attune/model/joint.hpp). Fails also with bad_input if
  // there is no such layer, with unsupported where vectors do not come from an encoder.
  [[nodiscard]] virtual Result<TokenStates> read(std::span<const std::string_view> texts, EmbedRole role,
                                                 const StatesWanted& wanted, std::stop_token stop = {}) const;

  [[nodiscard]] virtual std::size_t dimension() const = 0;
  [[nodiscard]] virtual std::size_t max_tokens() const = 0;  // that a passage may have, prefix and specials taken off
  // Names the weights: vectors made under another identity are never mixed with these. "<name>@<sha256 of the
  // weights>".
  [[nodiscard]] virtual const std::string& identity() const = 0;
  [[nodiscard]] virtual const Tokenizer& tokenizer() const = 0;
  // What vectors come from, for models that stand above its layers; nullptr where it is no encoder.
  [[nodiscard]] virtual const Encoder* encoder() const { return nullptr; }
};

// What a passage looks like to models: title, heading path and text, without saying anything twice.
std::string passage_for_embedding(std::string_view title, std::string_view heading, std::string_view text);

// Opens a model directory in our own layout (see models/embedder/README.md). Fails with not_found, corrupt,
// unsupported.
Result<std::unique_ptr<Embedder>> open_embedder(const std::filesystem::path& directory,
                                                const EmbedOptions& options = {});

}  // namespace attune
