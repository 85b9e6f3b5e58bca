// Sequence models: an encoder that reads words and a decoder that writes words, in three architectures that differ in
// nothing but how the decoder sees the source. For translating, for rewriting by writing anew instead of by editing
// (attune/model/edit.hpp), and for showing what attention brings.
//
// Part of the room `model` (attune/model.hpp). In all three o_i = tanh(W_o [s_i; c_i] + b), the scores of words are
// o_i · e_word + b_word over the V words of the target, and what differs is:
//   rnn            GRU encoder in both directions, GRU decoder; c_i is one fixed c: both directions' last states
//   rnn-attention  the same, but c_i = Σ_j a_ij h_j with a_ij = softmax_j(v · tanh(s_i W + h_j U)) (D. Bahdanau, K.
//   Cho,
//                  Y. Bengio: Neural Machine Translation by Jointly Learning to Align and Translate, 2015; here a_ij is
//                  asked with the state s_i that has read the words so far, as M. Luong has it)
//   transformer    self-attention and cross-attention of several heads (A. Vaswani et al., 2017), each with its
//                  feed-forward part, and on top the same alignment as rnn-attention
// With a copy gate g_i = σ(w · o_i + b), p(word) = g_i · softmax(scores) + (1 - g_i) · Σ a_ij over the places that have
// the word (attune/nn/copy_gate.hpp); an rnn has no alignment to copy by.
//
// N rows of the source, M words of the target, W width, V words of the target, S width of an encoder's states.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"
#include "attune/model/layer.hpp"
#include "attune/nn/recurrent.hpp"

namespace attune {

enum class SequenceArchitecture : std::uint8_t { rnn, rnn_attention, transformer };
// "rnn", "rnn-attention", "transformer".
std::string_view name_of(SequenceArchitecture architecture);
std::optional<SequenceArchitecture> sequence_architecture(std::string_view name);

struct SequenceShape {
  SequenceArchitecture architecture = SequenceArchitecture::transformer;
  std::size_t source_words = 0;
  std::size_t target_words = 0;    // V
  std::size_t state_width = 0;     // S: what an encoder says of each row is read beside its word; 0: nothing is
  std::size_t lower_layers = 0;    // of that encoder
  std::size_t turns = 1;           // embeddings of how many turns ago a row was said; 1: none
  std::size_t encoder_layers = 2;  // of a transformer
  std::size_t decoder_layers = 2;
  LayerShape layer;  // heads and feed-forward part are a transformer's
  bool copies = false;

  [[nodiscard]] bool attends() const { return architecture == SequenceArchitecture::transformer; }
  [[nodiscard]] bool aligns() const { return architecture != SequenceArchitecture::rnn; }
  friend bool operator==(const SequenceShape&, const SequenceShape&) = default;
};

// The first words of both vocabularies.
constexpr std::uint32_t kBeginWord = 0;  // before the first word of a target; a mark between turns
constexpr std::uint32_t kEndWord = 1;
constexpr std::uint32_t kUnknownWord = 2;
constexpr std::size_t kMostSequenceWords = 8000;  // V at most
constexpr std::size_t kMostSequenceRows = 256;    // N at most

std::vector<WeightSlice> sequence_layout(const SequenceShape& shape);

template <typename T>
struct SequenceSpans {
  using Linear = typename LayerSpans<T>::Linear;
  struct Recurrent {
    Linear input, hidden;
  };
  std::span<T> source_words, target_words, turns;
  Linear states;                       // [W, S]
  std::vector<LayerSpans<T>> encoder;  // transformer
  Recurrent forward, backward;         // rnn: [3 W / 2, W], [3 W / 2, W / 2]
  Linear bridge;                       // rnn: s_0 = tanh(c · bridge)
  Recurrent decoder;                   // rnn: [3 W, W] both
  std::vector<LayerSpans<T>> own;      // transformer: attention to what was written so far
  std::vector<LayerSpans<T>> across;   // transformer: attention to the source
  Linear align_query, align_key;       // [W, W]
  std::span<T> compare;                // v [W]
  Linear combine;                      // W_o [W, 2 W]
  Linear gate;                         // [1, W]
  std::span<T> word_bias;              // [V]
};
SequenceSpans<const float> sequence_spans(const SequenceShape& shape, std::span<const float> numbers);
SequenceSpans<float> sequence_spans(const SequenceShape& shape, std::span<float> numbers);

// As nn's recurrent layers want it.
nn::RecurrentWeights recurrent_weights(const SequenceSpans<const float>::Recurrent& from);
// Sinusoids of each row's place, from `first`: added to rows [N, W].
void add_positions(std::span<float> rows_nw, std::size_t width, std::size_t first = 0);
// What a word's embedding is multiplied with: √W, so that it is as large as its position's.
float embedding_scale(std::size_t width);

struct SequenceModel {
  std::string name;
  std::string base;  // identity of the encoder whose states it reads; "": none
  std::string licence;
  SequenceShape shape;
  std::vector<std::string> source_words;
  std::vector<std::string> target_words;     // [V]
  std::vector<float> weights;                // as sequence_layout() says
  std::uint64_t seed = 1;                    // that the first numbers were drawn with
  std::map<std::string, std::string> notes;  // what else the file is to say: training
};

// The numbers that training starts from.
std::vector<float> first_sequence_weights(const SequenceShape& shape, std::uint64_t seed);

// Files as save_edit_model() and load_edit_model() write and read them; they fail alike.
Status save_sequence_model(const SequenceModel& model, const std::filesystem::path& file, WeightPrecision precision);
Result<SequenceModel> load_sequence_model(const std::filesystem::path& file);

// A source as a model reads it.
struct SequenceSource {
  std::vector<std::uint32_t> words;   // [N] of the source's vocabulary
  std::vector<std::uint8_t> turns;    // [N] or empty
  std::vector<float> states;          // [N, S] or empty
  std::vector<std::uint32_t> copied;  // [N] the row's word among the target's; from V on: words that it lacks
  std::size_t extra_words = 0;        // how many of those
};

struct SequenceSearch {
  std::size_t beam = 4;
  std::size_t most_words = 64;
  // Sums of log-probabilities are divided by ((5 + words) / 6) ^ this: 0 likes short answers (Y. Wu et al., 2016).
  double length_penalty = 0.6;
};

struct GeneratedWord {
  std::uint32_t word = 0;  // of the target; from V on as in SequenceSource::copied
  double probability = 0;
  float generated = 1;         // g_i: 1 without a copy gate
  std::vector<float> weights;  // a_ij [N]; empty for an rnn
  std::vector<float> context;  // c_i [W]
};
struct Generated {
  std::vector<GeneratedWord> words;  // without the end
  double log_probability = 0;
};

// How a model saw one source and the words that it wrote, for people who ask.
struct SequenceTrace {
  std::vector<float> states_nw;      // h_j [N, W]
  std::vector<GeneratedWord> words;  // with the end
  // transformer: layer by layer, head by head, the rows of attention of the words to the source [M, N]
  std::vector<std::vector<float>> across_hmn;
  // Recurrent encoders, forward direction, H = W / 2: its states, how much of a state is kept from the one before (the
  // mean of z), and row t, column j ≤ t: ‖∂h_t / ∂x_j‖, the Frobenius norm of how the state behind word t hangs on
  // word j's embedding. Empty for a transformer.
  std::vector<float> forward_nh;
  std::vector<float> kept_n;
  std::vector<float> influence_nn;
};

// A model for use. Thread-safe. The same source gives the same words on any number of threads.
class SequenceLayers {
 public:
  static std::unique_ptr<SequenceLayers> pack(const SequenceModel& model);
  virtual ~SequenceLayers() = default;
  // The likeliest targets by beam search, best first; `beam` of them at most. Keys and values of what was written are
  // kept from word to word. Fails with bad_input if the source does not fit the model, with too_large over
  // kMostSequenceRows.
  [[nodiscard]] virtual Result<std::vector<Generated>> generate(const SequenceSource& source,
                                                                const SequenceSearch& search = {}) const = 0;
  // What the model does where it has to write these words. Fails as generate().
  [[nodiscard]] virtual Result<SequenceTrace> trace(const SequenceSource& source,
                                                    std::span<const std::uint32_t> words) const = 0;
};

}  // namespace attune
