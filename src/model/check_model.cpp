// Is a model whole? Reads every number of it.
#include <algorithm>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "model/read_model.hpp"
#include "model/tensor_table.hpp"

namespace attune {
namespace {

constexpr std::size_t kRowsAtOnce = 64;

class Checker {
 public:
  explicit Checker(ModelCheck& check) : check_(check) {}

  void matrix(const std::string& name, const WeightMatrix& matrix) {
    std::vector<float> values;
    for (std::size_t first = 0; first < matrix.rows; first += kRowsAtOnce) {
      const std::size_t count = std::min(kRowsAtOnce, matrix.rows - first);
      values.resize(count * matrix.columns);
      read_rows(matrix, first, count, values);
      if (const Status status = check_finite(name, values); !status) {
        check_.faults.push_back(status.error().text + ", in rows " + std::to_string(first) + " to " +
                                std::to_string(first + count - 1));
        return;
      }
    }
    weights_ += matrix.rows * matrix.columns;
  }
  void layer(const std::string& at, const LayerParameters& layer) {
    matrix(at + "query", layer.query.weight);
    matrix(at + "key", layer.key.weight);
    matrix(at + "value", layer.value.weight);
    matrix(at + "attention_output", layer.attention_output.weight);
    matrix(at + "feed_forward_in", layer.feed_forward_in.weight);
    matrix(at + "feed_forward_out", layer.feed_forward_out.weight);
  }
  void weights(const EncoderWeights& weights) {
    matrix("embeddings.word", weights.words);
    for (std::size_t index = 0; index < weights.layers.size(); ++index) {
      layer("layers." + std::to_string(index) + ".", weights.layers[index]);
    }
    if (weights.head) {
      if (weights.head->dense) matrix("head.dense", weights.head->dense->weight);
      matrix("head.classifier", weights.head->classifier.weight);
    }
    check_.checked.push_back(std::to_string(weights_) + " weights in matrices");
  }

 private:
  ModelCheck& check_;
  std::size_t weights_ = 0;
};

// One sentence through the whole encoder, and its head if there is one.
Status run_sentence(const std::filesystem::path& path, ModelCheck& check) {
  const auto encoder = Encoder::open(path);
  if (!encoder) return encoder.error();
  check.checked.emplace_back("a row for each of the tokenizer's tokens");
  const Encoding text = (*encoder)->tokenizer().encode("The animal didn't cross the street.");
  const auto input =
      build_input((*encoder)->sequence_template(), text, {.max_tokens = check.description.max_positions});
  if (!input) return input.error();
  const Encoder::Sequence sequences[] = {{input->ids, {}}};
  std::vector<float> answer(check.description.width);
  if (const Status status = (*encoder)->encode(sequences, {}, answer); !status) return status;
  if (!check.description.labels.empty()) {
    std::vector<float> logits(check.description.labels.size());
    if (const Status status = (*encoder)->classify(sequences, {}, logits); !status) return status;
    answer.insert(answer.end(), logits.begin(), logits.end());
  }
  if (const Status status = check_finite("the vector of a sentence", answer); !status) return status;
  check.checked.emplace_back("one sentence through all layers");
  return {};
}

}  // namespace

Result<ModelCheck> check_model(const std::filesystem::path& path) {
  const auto parts = read_model(path);
  if (!parts) return parts.error();
  ModelCheck check;
  check.description = parts->description;
  check.checked.emplace_back("names, types and shapes of all tensors");
  Checker checker(check);
  checker.weights(parts->weights);
  if (!check.faults.empty()) return check;
  if (const Status status = run_sentence(path, check); !status) check.faults.push_back(status.error().text);
  return check;
}

}  // namespace attune
