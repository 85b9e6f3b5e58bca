// The Unigram vocabulary out of our own file.
#include "model/model_file.hpp"

namespace attune {

Result<UnigramVocabulary> read_vocabulary(const ModelFile& file) {
  const ModelDescription& description = file.config.description;
  const Safetensors& tensors = file.tensors;
  const auto bytes = tensors.length("tokenizer.piece_bytes", TensorType::u8);
  if (!bytes) return bytes.error();
  const auto map = tensors.length("tokenizer.map_from", TensorType::u32);
  if (!map) return map.error();
  const auto replacements = tensors.length("tokenizer.map_to", TensorType::u32);
  if (!replacements) return replacements.error();

  const auto piece_bytes = tensors.tensor("tokenizer.piece_bytes", TensorType::u8, {*bytes});
  if (!piece_bytes) return piece_bytes.error();
  auto sizes = tensors.numbers<std::uint8_t>("tokenizer.piece_sizes", {description.pieces});
  if (!sizes) return sizes.error();
  auto scores = tensors.numbers<float>("tokenizer.scores", {description.pieces});
  if (!scores) return scores.error();
  const auto kept = tensors.numbers<std::int32_t>("tokenizer.kept", {file.config.shape.vocabulary});
  if (!kept) return kept.error();
  auto map_from = tensors.numbers<std::uint32_t>("tokenizer.map_from", {*map});
  if (!map_from) return map_from.error();
  auto map_counts = tensors.numbers<std::uint8_t>("tokenizer.map_counts", {*map});
  if (!map_counts) return map_counts.error();
  auto map_to = tensors.numbers<std::uint32_t>("tokenizer.map_to", {*replacements});
  if (!map_to) return map_to.error();

  UnigramVocabulary vocabulary;
  vocabulary.rows.assign(description.pieces, -1);
  std::int32_t last = -1;
  for (std::size_t row = 0; row < kept->size(); ++row) {
    const std::int32_t id = (*kept)[row];
    if (id <= last || static_cast<std::size_t>(id) >= description.pieces) {
      return Error{ErrorKind::corrupt, "tensor 'tokenizer.kept': ids do not ascend or are out of range"};
    }
    vocabulary.rows[static_cast<std::size_t>(id)] = static_cast<std::int32_t>(row);
    last = id;
  }
  vocabulary.piece_bytes.assign(piece_bytes->begin(), piece_bytes->end());
  vocabulary.piece_sizes = std::move(sizes).value();
  vocabulary.scores = std::move(scores).value();
  vocabulary.control_ids = file.config.control_ids;
  vocabulary.unknown_id = file.config.unknown_id;
  vocabulary.map_from = std::move(map_from).value();
  vocabulary.map_counts = std::move(map_counts).value();
  vocabulary.map_to = std::move(map_to).value();
  return vocabulary;
}

}  // namespace attune
