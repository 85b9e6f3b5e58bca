// Any bytes as model.safetensors: our own file with its tokenizer, or Hugging Face's of a tiny BERT.
#include <cstdint>

#include "model/encoder_config.hpp"
#include "model/read_model.hpp"

namespace attune {
namespace {

// The config of tests/model/fixtures/bert, as sizes.
EncoderConfig tiny_bert() {
  EncoderConfig config;
  config.shape.layers = 2;
  config.shape.width = 16;
  config.shape.heads = 2;
  config.shape.feed_forward = 32;
  config.shape.positions = 20;
  config.shape.token_types = 2;
  config.shape.vocabulary = 40;
  return config;
}

// Reads what the views point at: a view that leaves the file is found by the sanitizer.
void read_all(const EncoderWeights& weights) {
  std::vector<float> row(weights.words.columns);
  for (std::size_t index = 0; index < weights.words.rows; ++index) read_rows(weights.words, index, 1, row);
  for (const LayerParameters& layer : weights.layers) {
    for (const LinearParameters* part :
         {&layer.query, &layer.attention_output, &layer.feed_forward_in, &layer.feed_forward_out}) {
      row.resize(part->weight.columns);
      read_rows(part->weight, part->weight.rows - 1, 1, row);
    }
  }
}

void read(std::string bytes) {
  const auto tensors = Safetensors::parse(std::move(bytes));
  if (!tensors) return;
  if (!is_own_model(*tensors)) {
    const auto weights = collect_weights(table_of(*tensors), tiny_bert());
    if (weights) read_all(*weights);
    return;
  }
  const auto parts = read_own_model(*tensors);
  if (!parts) return;
  read_all(parts->weights);
  if (parts->tokenizer.own == nullptr) return;
  auto vocabulary = read_vocabulary(*parts->tokenizer.own);
  if (vocabulary) static_cast<void>(UnigramTokenizer::create(std::move(vocabulary).value()));
}

}  // namespace
}  // namespace attune

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attune::read(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
