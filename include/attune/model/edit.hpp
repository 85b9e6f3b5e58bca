// Edit layers: the upper part of a rewriter, which reads a conversation and says how to edit its last question.
//
// Part of the room `model` (attune/model.hpp). The lower layers are the embedder's, frozen. Above them stand layers of
// multi-head self-attention over *rows*: one for each unit of text (a word, or one character of Han and its like), one
// for each mark between turns. A question of Q units has S = Q + 1 slots, one before each unit and one at its end. At
// each slot the model asks a question of the history, as a decoder asks its encoder: how well does each unit fit as
// the beginning of what is missing here? The softmax of these scores is the attention that copying follows.
//   delete_i   = w_d · x_i + b_d                     logit: unit i goes
//   insert_s   = w_i · x_s + b_i                     logit: something is missing at slot s
//   start_sj   = (W_sq x_s) · (W_sk x_j) / √W        over the units j of the history
//   end_sjk    = (W_es x_s + W_ej x_j) · (W_ek x_k) / √W   of a span that starts at j, in the same turn
//   before_s, after_s = W x_s + b                    over short words that stand beside a copied span ("的", "besides")
// Rows know how many turns ago they were said and where inside its piece a unit stands, by embeddings that are added to
// the lower layers' states. Only what stands in the conversation, or among G short words, can be inserted.
//
// W width, R rows, S slots, P units of the history, G short words (number 0 is none).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"
#include "attune/model/layer.hpp"

namespace attune {

struct EditShape {
  std::size_t lower_layers = 0;  // of the encoder; what they say of each piece is read
  std::size_t upper_layers = 0;
  std::size_t turns = 8;   // embeddings of a row's turn: 0 the question, 1 the turn before, …, the last for all older
  std::size_t places = 4;  // of a unit inside its piece: 0 where it begins, the last for all behind
  std::size_t glue = 1;    // G
  LayerShape layer;
  friend bool operator==(const EditShape&, const EditShape&) = default;
};

// Layers as WeightLayout::layer(), then turn.embedding [turns, W], place.embedding [places, W], delete.weight [W] .bias
// [1], insert (as delete), and the linear start_query, start_key, end_slot, end_start, end_key [W, W], before, after
// [G, W], each with a bias.
std::vector<WeightSlice> edit_layout(const EditShape& shape);

template <typename T>
struct EditHeadSpans {
  using Linear = typename LayerSpans<T>::Linear;
  std::span<T> turns, places;
  Linear remove, insert;  // weight [W], bias [1]
  Linear start_query, start_key, end_slot, end_start, end_key, before, after;
};
LayerSpans<const float> edit_layer(const EditShape& shape, std::size_t layer, std::span<const float> numbers);
LayerSpans<float> edit_layer(const EditShape& shape, std::size_t layer, std::span<float> numbers);
EditHeadSpans<const float> edit_heads(const EditShape& shape, std::span<const float> numbers);
EditHeadSpans<float> edit_heads(const EditShape& shape, std::span<float> numbers);

struct EditModel {
  std::string name;
  std::string base;  // identity of the encoder whose layers stand below
  std::string licence;
  EditShape shape;
  std::vector<std::string> glue;             // [G] the first is ""
  std::vector<float> weights;                // as edit_layout() says
  std::map<std::string, std::string> notes;  // what else the file is to say: training
};

struct EditStart {
  std::size_t lower_layers = 6;
  std::size_t upper_layers = 2;
  std::vector<std::string> glue = {""};
  std::uint64_t seed = 1;  // of the heads' first numbers
};
// A model whose layers are copies of the encoder's above `lower_layers`, with random heads. Fails like describe_model,
// with bad_input if the encoder has fewer layers, or if the first short word is not "".
Result<EditModel> start_edit_model(const std::filesystem::path& encoder, const EditStart& start);

// Safetensors: matrices int8 with a scale for each row (or FP32), vectors FP32. The same model gives the same bytes.
// Fails with io; reading with not_found, corrupt (naming the tensor or field), unsupported.
Status save_edit_model(const EditModel& model, const std::filesystem::path& file, WeightPrecision precision);
Result<EditModel> load_edit_model(const std::filesystem::path& file);

// One row of a conversation.
struct EditRow {
  enum class Kind : std::uint8_t { mark, history, question, end } kind = Kind::mark;
  std::uint8_t turn = 0;   // turns ago, below EditShape::turns
  std::uint8_t place = 0;  // below EditShape::places
};

// What the layers say of one conversation.
struct EditScores {
  std::size_t slots = 0;           // S
  std::size_t sources = 0;         // P
  std::vector<float> remove;       // [S - 1] logits
  std::vector<float> insert;       // [S] logits
  std::vector<float> start;        // [S, P] log-probabilities
  std::vector<float> before;       // [S, G] log-probabilities
  std::vector<float> after;        // [S, G]
  std::vector<std::size_t> until;  // [P] one past the last unit of the same turn, at most kMostCopied further

  // Log-probabilities of the spans' last units start … until[start] - 1.
  [[nodiscard]] std::vector<float> ends(std::size_t slot, std::size_t first) const;

  std::size_t width = 0;
  std::vector<float> end_slot, end_start, end_key;  // [S, W], [P, W], [P, W]
};
constexpr std::size_t kMostCopied = 24;  // units of one span

// Where the turns of the history end: as EditScores::until.
std::vector<std::size_t> copy_limits(std::span<const EditRow> rows);

// Edit layers for use. Thread-safe. The same conversation gives the same bits on any number of threads.
class EditLayers {
 public:
  static std::unique_ptr<EditLayers> pack(const EditModel& model, nn::Precision precision, int threads = 0);
  virtual ~EditLayers() = default;
  // `states` [R, W] of the lower layers. Rows are in the order of the text: history, question, end. Fails with
  // bad_input if rows and states do not fit or there is no end.
  virtual Result<EditScores> score(std::span<const EditRow> rows, std::span<const float> states) const = 0;
  [[nodiscard]] virtual const EditShape& shape() const = 0;
  [[nodiscard]] virtual std::size_t weight_bytes() const = 0;
};

}  // namespace attune
