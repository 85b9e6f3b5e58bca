#include "attune/embed.hpp"

#include <algorithm>

#include "attune/core/work_sharing.hpp"
#include "attune/model.hpp"

namespace attune {
namespace {

std::vector<Encoder::Sequence> sequences_of(const std::vector<ModelInput>& inputs) {
  std::vector<Encoder::Sequence> sequences;
  for (const ModelInput& input : inputs) sequences.push_back({input.ids, input.types});
  return sequences;
}

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
  Result<TokenStates> read(std::span<const std::string_view> texts, EmbedRole role, const StatesWanted& wanted,
                           std::stop_token stop) const override;

  std::size_t dimension() const override { return encoder_->description().width; }
  std::size_t max_tokens() const override {
    return encoder_->description().max_positions - special_tokens_ - passage_prefix_.ids.size();
  }
  const std::string& identity() const override { return encoder_->description().identity; }
  const Tokenizer& tokenizer() const override { return encoder_->tokenizer(); }
  const Encoder* encoder() const override { return encoder_.get(); }

 private:
  // What the model reads of one text: its special tokens around prefix and text.
  Result<ModelInput> input_of(std::string_view text, EmbedRole role, std::size_t max_tokens) const;
  // Of all texts, with the counts of the answer.
  Result<std::vector<ModelInput>> inputs_of(std::span<const std::string_view> texts, EmbedRole role,
                                            std::size_t max_tokens, const std::stop_token& stop,
                                            Embeddings& result) const;

  std::unique_ptr<Encoder> encoder_;
  Encoding query_prefix_;
  Encoding passage_prefix_;
  std::size_t special_tokens_ = 0;
  int threads_ = 0;
};

// Words are cut at spaces, so a prefix that ends in one is the same pieces before every text.
Result<ModelInput> EncoderEmbedder::input_of(std::string_view text, EmbedRole role, std::size_t max_tokens) const {
  Encoding pieces = role == EmbedRole::query ? query_prefix_ : passage_prefix_;
  const Encoding own = encoder_->tokenizer().encode(text);
  pieces.ids.insert(pieces.ids.end(), own.ids.begin(), own.ids.end());
  pieces.offsets.insert(pieces.offsets.end(), own.offsets.begin(), own.offsets.end());
  return build_input(encoder_->sequence_template(), pieces, {.max_tokens = max_tokens});
}

Result<std::vector<ModelInput>> EncoderEmbedder::inputs_of(std::span<const std::string_view> texts, EmbedRole role,
                                                           std::size_t max_tokens, const std::stop_token& stop,
                                                           Embeddings& result) const {
  std::vector<ModelInput> inputs(texts.size());
  share_out<int>(texts.size(), thread_count(threads_), stop, [&](std::size_t index, int&) {
    auto input = input_of(texts[index], role, max_tokens);
    if (input) inputs[index] = std::move(input).value();
  });
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "embedding was stopped"};
  result.dimension = dimension();
  result.values.resize(texts.size() * result.dimension);
  for (const ModelInput& input : inputs) {
    result.truncated += input.left_out > 0 ? 1 : 0;
    result.tokens += input.ids.size();
  }
  return inputs;
}

Result<Embeddings> EncoderEmbedder::embed(std::span<const std::string_view> texts, EmbedRole role,
                                          std::stop_token stop) const {
  Embeddings result;
  const auto inputs = inputs_of(texts, role, encoder_->description().max_positions, stop, result);
  if (!inputs) return inputs.error();
  const Status status =
      encoder_->encode(sequences_of(*inputs), {.threads = threads_, .stop = std::move(stop)}, result.values);
  if (!status) return status.error();
  return result;
}

Result<TokenStates> EncoderEmbedder::read(std::span<const std::string_view> texts, EmbedRole role,
                                          const StatesWanted& wanted, std::stop_token stop) const {
  const std::size_t most = encoder_->description().max_positions;
  TokenStates result;
  const auto inputs =
      inputs_of(texts, role, wanted.max_tokens == 0 ? most : std::min(most, wanted.max_tokens), stop, result.vectors);
  if (!inputs) return inputs.error();
  for (const ModelInput& input : *inputs) result.lengths.push_back(input.ids.size());
  result.states.resize(result.vectors.tokens * dimension());
  const Status status =
      encoder_->encode_with_states(sequences_of(*inputs), {.threads = threads_, .stop = std::move(stop)},
                                   {wanted.layer, result.states}, result.vectors.values);
  if (!status) return status.error();
  return result;
}

}  // namespace

Result<TokenStates> Embedder::read(std::span<const std::string_view> /*texts*/, EmbedRole /*role*/,
                                   const StatesWanted& /*wanted*/, std::stop_token /*stop*/) const {
  return Error{ErrorKind::unsupported, identity() + " has no layers to read"};
}

Result<std::unique_ptr<Embedder>> open_embedder(const std::filesystem::path& directory, const EmbedOptions& options) {
  auto encoder = Encoder::open(directory, {.precision = options.precision, .threads = options.threads});
  if (!encoder) return encoder.error();
  auto embedder = std::make_unique<EncoderEmbedder>(std::move(encoder).value(), options);
  if (!embedder->fits()) return Error{ErrorKind::corrupt, "the model's prefixes are longer than what it reads"};
  return std::unique_ptr<Embedder>(std::move(embedder));
}

}  // namespace attune
