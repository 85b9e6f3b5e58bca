// Explain: what did attention look at? Self-attention told step by step, with a loaded model's real numbers.
//
// Comes after everything else has been answered, when a person asks why. Takes traces from `model`, chooses what to
// show, and puts it into words, JSON and pictures; nothing here changes an answer. A weight says what a head read, not
// why the model decided as it did. Thread-safe: calls keep no state.
//
// Tokens, layers and heads are numbered from 1, as people count; fields named `…_index` count from 0. T tokens of the
// text with the special ones, W width, H heads, D = W / H numbers per head.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/core/result.hpp"
#include "attune/model.hpp"

namespace attune {

// More tokens than this make pictures that nobody can read, and T² weights for each head.
inline constexpr std::size_t kMaxExplainedTokens = 128;

struct AttentionRequest {
  std::string text;
  std::string prefix;     // put in front of the text, for example the model's query prefix
  std::string token;      // a number, or a word of the text; "": chosen
  std::size_t layer = 0;  // 0: chosen
  std::size_t head = 0;   // 0: chosen
  struct Link {
    std::string from, to;  // words of the text, or numbers of tokens
  };
  std::vector<Link> links;  // at most 16
};

struct ExplainedToken {
  std::int32_t id = 0;
  std::string piece;     // as the vocabulary has it: "▁the", "</s>"
  std::string label;     // for people: the bytes of the text that it stands for; "…" in front where a word goes on
  ByteSpan span;         // in AttentionExplanation::text; empty for special tokens
  bool special = false;  // the model's own, such as "<s>"
  std::size_t word = 0;  // counts words: pieces that go on in the middle of a word share its number
};

// Words and the tokens that hold them.
struct TokenGroup {
  std::string word;
  std::vector<std::size_t> token_indices;  // ascending, never empty
  std::string note;  // "" or what a reader should know: a piece that holds more than the word, …
};

// For one pair of words, every head of every layer: how much of what the first reads is taken from the second.
struct AttentionLink {
  TokenGroup from, to;
  struct Head {
    std::size_t layer = 0, head = 0;
    float weight = 0;  // summed over the tokens of `to`, averaged over those of `from`
    float others = 0;  // the same for the text's other tokens: what everybody gives to `to`
    std::size_t strongest =
        0;  // number of the token that `from` takes most from, its own word and special ones left out
  };
  std::vector<Head> heads;       // all of them, heaviest first; ties by layer, then head
  float even = 0;                // what `weight` would be if attention were spread over all tokens evenly
  std::size_t strongest_in = 0;  // heads whose strongest token belongs to `to`
};

struct AttentionExplanation {
  ModelDescription model;
  std::string text;  // with the prefix; valid UTF-8
  std::string prefix;
  std::vector<ExplainedToken> tokens;  // [T]

  // What was chosen, and why in a few words.
  std::size_t token_index = 0, layer_index = 0, head_index = 0;
  std::string token_reason, head_reason;

  // The chosen token in the chosen head, step by step. The other tokens' numbers are in `trace`.
  std::vector<float> scores_t;  // [T] q · k_j
  std::vector<float> scaled_t;  // [T] scores / √D
  // softmax(scaled) is row token_index of the head's weights in `trace`; their sum of values is the context's row.
  LayerTrace trace;  // of the chosen layer

  std::vector<AttentionLink> links;  // [request.links]

  [[nodiscard]] std::size_t head_width() const { return trace.width / trace.heads; }
  // Weight of token j in what token i reads, in one head; all count from 0.
  [[nodiscard]] float weight(std::size_t head, std::size_t i, std::size_t j) const {
    return trace.weights_htt[(head * trace.tokens + i) * trace.tokens + j];
  }
  // The chosen head's part of a row of x·W, for q_tw, k_tw, v_tw and context_tw of the trace.
  [[nodiscard]] std::span<const float> head_row(const std::vector<float>& matrix_tw, std::size_t token) const {
    return std::span(matrix_tw).subspan(token * trace.width + head_index * head_width(), head_width());
  }
};

class AttentionExplainer {
 public:
  virtual ~AttentionExplainer() = default;

  // Fails like Encoder::open.
  static Result<std::unique_ptr<AttentionExplainer>> open(const std::filesystem::path& model);

  // Fails with bad_input (an empty text, a word that is not in the text, a layer, head or token that is not there) or
  // too_large (more than kMaxExplainedTokens tokens, or than the model reads).
  [[nodiscard]] virtual Result<AttentionExplanation> explain(const AttentionRequest& request) const = 0;

  [[nodiscard]] virtual const ModelDescription& description() const = 0;
};

// The explanation in the shape of schemas/attention.explanation.schema.json, with every number in full.
std::string attention_json(const AttentionExplanation& explanation);

enum class HeatMapStyle { shading, ansi };  // blocks of growing density, or coloured cells
// The explanation told in words and numbers, with heat maps, for a terminal or a file.
std::string attention_text(const AttentionExplanation& explanation, HeatMapStyle style);

// One picture that needs nothing else, for light and dark surroundings: the chosen head large, all heads small.
std::string attention_svg(const AttentionExplanation& explanation);

}  // namespace attune
