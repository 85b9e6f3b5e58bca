#include "attune/embed.hpp"

#include <algorithm>

#include "attune/core/work_sharing.hpp"
#include "attune/model.hpp"

namespace attune {
namespace {

class EncoderEmbedder final : public Embedder {
 public:
  EncoderEmbedder(std::unique_ptr<Encoder> encoder, const EmbedOptions& options)
      : encoder_(std::move(encoder)),
        query_prefix_(encoder_->tokenizer().encode(encoder_->description().query_prefix)),
        passage_prefix_(encoder_->tokenizer().encode(encoder_->description().passage_prefix)),
        threads_(options.threads) {
    special_tokens_ = encoder_->sequence_template().single.size() - 1;
  }

  // False if the prefixes leave no room for text.
  bool fits() const {
    return encoder_->description().max_positions >
           special_tokens_ + std::max(query_prefix_.ids.size(), passage_prefix_.ids.size());
  }

  Result<Embeddings> embed(std::span<const std::string_view> texts, EmbedRole role,
                           std::stop_token stop) const override;

  std::size_t dimension() const override { return encoder_->description().width; }
  std::size_t max_tokens() const override {
    return encoder_->description().max_positions - special_tokens_ - passage_prefix_.ids.size();
  }
  const std::string& identity() const override { return encoder_->description().identity; }
  const Tokenizer& tokenizer() const override { return encoder_->tokenizer(); }

 private:
  // What the model reads of one text: its special tokens around prefix and text.
  Result<ModelInput> input_of(std::string_view text, EmbedRole role) const;

  std::unique_ptr<Encoder> encoder_;
  Encoding query_prefix_;
  Encoding passage_prefix_;
  std::size_t special_tokens_ = 0;
  int threads_ = 0;
};

// Words are cut at spaces, so a prefix that ends in one is the same pieces before every text.
Result<ModelInput> EncoderEmbedder::input_of(std::string_view text, EmbedRole role) const {
  Encoding pieces = role == EmbedRole::query ? query_prefix_ : passage_prefix_;
  const Encoding own = encoder_->tokenizer().encode(text);
  pieces.ids.insert(pieces.ids.end(), own.ids.begin(), own.ids.end());
  pieces.offsets.insert(pieces.offsets.end(), own.offsets.begin(), own.offsets.end());
  return build_input(encoder_->sequence_template(), pieces, {.max_tokens = encoder_->description().max_positions});
}

Result<Embeddings> EncoderEmbedder::embed(std::span<const std::string_view> texts, EmbedRole role,
                                          std::stop_token stop) const {
  std::vector<ModelInput> inputs(texts.size());
  std::vector<Encoder::Sequence> sequences(texts.size());
  share_out<int>(texts.size(), thread_count(threads_), stop, [&](std::size_t index, int&) {
    auto input = input_of(texts[index], role);
    if (input) inputs[index] = std::move(input).value();
    sequences[index] = {inputs[index].ids, inputs[index].types};
  });
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "embedding was stopped"};
  Embeddings result;
  result.dimension = dimension();
  result.values.resize(texts.size() * result.dimension);
  const Status status = encoder_->encode(sequences, {.threads = threads_, .stop = stop}, result.values);
  if (!status) return status.error();
  for (const ModelInput& input : inputs) {
    result.truncated += input.left_out > 0 ? 1 : 0;
    result.tokens += input.ids.size();
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Embedder>> open_embedder(const std::filesystem::path& directory, const EmbedOptions& options) {
  auto encoder = Encoder::open(directory, {.precision = options.precision, .threads = options.threads});
  if (!encoder) return encoder.error();
  auto embedder = std::make_unique<EncoderEmbedder>(std::move(encoder).value(), options);
  if (!embedder->fits()) return Error{ErrorKind::corrupt, "the model's prefixes are longer than what it reads"};
  return std::unique_ptr<Embedder>(std::move(embedder));
}

}  // namespace attune
