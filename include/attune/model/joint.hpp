// Joint layers: the upper part of a reranker, which reads a query and a passage together.
//
// Part of the room `model` (attune/model.hpp). The lower layers are those of an encoder (the embedder, as it is): they
// read the query and the passage each alone, so what they say of a passage can be computed when it is indexed. The
// joint layers read both, and their answer is added to what comparing the two says already:
//   score = cosine_weight · cosine + late_weight · late interaction + head · (mean of the query's rows) + bias
// The cosine is that of the encoder's vectors. Late interaction (attune/nn/late_interaction.hpp) compares what the
// lower layers say of each token, less what they say of all: x = row − late.query_centre or late.passage_centre, with
// the gate logit late.gate · x for the query's. A model that starts from an encoder takes its topmost layers for the
// joint ones, and zeros for the head, the gate and the centres, so it begins with what comparing alone says, and learns
// what to add.
//
// W width, F width inside the feed-forward part, L joint layers, N tokens of the query, M tokens of the passage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"
#include "attune/model/layer.hpp"
#include "attune/nn.hpp"

namespace attune {

struct JointShape {
  std::size_t lower_layers = 0;  // of the encoder, that read a text alone; 0: the joint layers stand on its embeddings
  std::size_t upper_layers = 0;  // L
  // False: query and passage attend to each other, all rows go through all joint layers. True: the passage's rows stay
  // as the lower layers left them, and only the query's pass through the joint layers, attending to both.
  bool one_sided = false;
  std::size_t width = 0;
  std::size_t heads = 0;
  std::size_t feed_forward = 0;
  float epsilon = 1e-12F;
  nn::GeluForm gelu = nn::GeluForm::erf;
  [[nodiscard]] LayerShape layer() const { return {width, heads, feed_forward, epsilon, gelu}; }
  friend bool operator==(const JointShape&, const JointShape&) = default;
};

// The tensors in the order in which their numbers stand, without gaps: layers.<n>. with what WeightLayout::layer()
// says,
//   late.query_centre [W], late.passage_centre [W], late.gate.weight [W], late.weight [1],
//   head.weight [W], head.bias [1], cosine.weight [1]
std::vector<WeightSlice> joint_layout(const JointShape& shape);

// One layer's numbers among a model's weights, or among gradients laid out alike.
LayerSpans<const float> joint_layer(const JointShape& shape, std::size_t layer, std::span<const float> numbers);
LayerSpans<float> joint_layer(const JointShape& shape, std::size_t layer, std::span<float> numbers);
// What stands behind the layers, in the layout's order.
template <typename T>
struct JointHeadSpans {
  std::span<T> late_query_centre;    // [W]
  std::span<T> late_passage_centre;  // [W]
  std::span<T> late_gate;            // [W]
  std::span<T> late_weight;          // [1]
  std::span<T> weight;               // [W]
  std::span<T> bias;                 // [1]
  std::span<T> cosine_weight;
};
JointHeadSpans<const float> joint_head(const JointShape& shape, std::span<const float> numbers);
JointHeadSpans<float> joint_head(const JointShape& shape, std::span<float> numbers);

// Platt's calibration: of the pairs with such a score, the share that is relevant is 1 / (1 + exp(−(slope · score +
// offset))).
struct Calibration {
  float slope = 1;
  float offset = 0;
  [[nodiscard]] float relevance(float score) const;
  friend bool operator==(const Calibration&, const Calibration&) = default;
};

struct JointModel {
  std::string name;
  std::string base;            // identity of the encoder whose layers stand below
  std::string query_prefix;    // what the encoder reads before a query …
  std::string passage_prefix;  // … and before a passage
  std::string licence;
  JointShape shape;
  std::vector<float> weights;  // as joint_layout() says
  std::optional<Calibration> calibration;
  std::map<std::string, std::string> notes;  // what else the file is to say: training
};

struct JointStart {
  std::size_t lower_layers = 8;
  std::size_t upper_layers = 4;
  bool one_sided = false;
  float cosine_weight = 20;
  float late_weight = 0;
};
// A model whose joint layers are copies of the encoder's layers `lower_layers` and up, or of its topmost ones where
// there are not so many above. Fails like describe_model, with bad_input if the encoder has fewer layers than either.
Result<JointModel> start_joint_model(const std::filesystem::path& encoder, const JointStart& start);

// The file is safetensors: matrices int8 with a scale for each row (or FP32), vectors FP32. The same model gives the
// same bytes. Fails with io; reading with not_found, corrupt (naming the tensor or field), unsupported.
Status save_joint_model(const JointModel& model, const std::filesystem::path& file, WeightPrecision precision);
Result<JointModel> load_joint_model(const std::filesystem::path& file);

// What one of the lower layers says of each token, rounded to 8 bits with a scale for each token: a quarter of the
// memory of FP32, and what a store keeps.
struct RoundedStates {
  std::vector<std::int8_t> values;  // [tokens, W]
  std::vector<float> scales;        // [tokens]
};
// Appends the rows of x [tokens, W]; largest absolute value of a row to 127, rounding to nearest.
void round_states(std::size_t width, std::span<const float> x, RoundedStates& to);
// Writes rounded rows [tokens, W] as FP32 to out.
void unround_states(std::span<const std::int8_t> values, std::span<const float> scales, std::span<float> out);

// Joint layers for use: scores pairs. Thread-safe: calls keep no state. A pair's score is bitwise the same alone, in
// any batch and on any number of threads.
class JointLayers {
 public:
  static std::unique_ptr<JointLayers> pack(const JointModel& model, nn::Precision precision, int threads = 0);
  virtual ~JointLayers() = default;

  // What the lower layers say of a query and a passage, and the cosine of their vectors.
  struct Pair {
    std::span<const float> query;           // [N, W]
    std::span<const std::int8_t> passage;   // [M, W], rounded
    std::span<const float> passage_scales;  // [M]
    float cosine = 0;
  };
  // Scores to out [pairs]. Fails with cancelled, and with bad_input if a pair lacks a side.
  virtual Status score(std::span<const Pair> pairs, const BatchOptions& options, std::span<float> out) const = 0;

  [[nodiscard]] virtual const JointShape& shape() const = 0;
  [[nodiscard]] virtual std::size_t weight_bytes() const = 0;
  // Products (each with its addition) of matrices and attention that one pair needs.
  [[nodiscard]] virtual double products(std::size_t query_tokens, std::size_t passage_tokens) const = 0;
};

}  // namespace attune
