#include "attune/embed.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <system_error>
#include <thread>

#include "attune/model.hpp"

namespace attune {
namespace {

constexpr int kMaxThreads = 256;

class EncoderEmbedder final : public Embedder {
 public:
  EncoderEmbedder(std::unique_ptr<Encoder> encoder, const EmbedOptions& options)
      : encoder_(std::move(encoder)),
        query_prefix_(encoder_->tokenizer().encode(encoder_->description().query_prefix).ids),
        passage_prefix_(encoder_->tokenizer().encode(encoder_->description().passage_prefix).ids) {
    const unsigned cores = std::thread::hardware_concurrency();
    const int wanted = options.threads > 0 ? options.threads : static_cast<int>(cores);
    threads_ = static_cast<std::size_t>(std::clamp(wanted, 1, kMaxThreads));
  }

  // False if the prefixes leave no room for text.
  bool fits() const {
    return encoder_->description().max_positions > 2 + std::max(query_prefix_.size(), passage_prefix_.size());
  }

  Result<Embeddings> embed(std::span<const std::string_view> texts, EmbedRole role,
                           std::stop_token stop) const override;

  std::size_t dimension() const override { return encoder_->description().width; }
  std::size_t max_tokens() const override { return encoder_->description().max_positions - 2 - passage_prefix_.size(); }
  const std::string& identity() const override { return encoder_->description().identity; }
  const Tokenizer& tokenizer() const override { return encoder_->tokenizer(); }

 private:
  // What the model reads of one text: <s> prefix text </s>.
  struct Sequence {
    std::vector<std::int32_t> ids;
    bool truncated = false;
  };
  Sequence sequence_of(std::string_view text, EmbedRole role) const;

  // Calls work(index) for each index below `count` on up to threads_ threads, until `stop`.
  template <typename Work>
  void share_out(std::size_t count, const std::stop_token& stop, Work work) const;

  std::unique_ptr<Encoder> encoder_;
  std::vector<std::int32_t> query_prefix_;
  std::vector<std::int32_t> passage_prefix_;
  std::size_t threads_ = 1;
};

// Words are cut at spaces, so a prefix that ends in one is the same pieces before every text.
EncoderEmbedder::Sequence EncoderEmbedder::sequence_of(std::string_view text, EmbedRole role) const {
  const std::vector<std::int32_t>& prefix = role == EmbedRole::query ? query_prefix_ : passage_prefix_;
  const std::size_t room = encoder_->description().max_positions - 2 - prefix.size();
  std::vector<std::int32_t> pieces = encoder_->tokenizer().encode(text).ids;
  Sequence sequence;
  sequence.truncated = pieces.size() > room;
  if (sequence.truncated) pieces.resize(room);
  sequence.ids.reserve(pieces.size() + prefix.size() + 2);
  sequence.ids.push_back(encoder_->begin_id());
  sequence.ids.insert(sequence.ids.end(), prefix.begin(), prefix.end());
  sequence.ids.insert(sequence.ids.end(), pieces.begin(), pieces.end());
  sequence.ids.push_back(encoder_->end_id());
  return sequence;
}

template <typename Work>
void EncoderEmbedder::share_out(std::size_t count, const std::stop_token& stop, Work work) const {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    Encoder::Scratch scratch;
    for (std::size_t index = next++; index < count && !stop.stop_requested(); index = next++) work(index, scratch);
  };
  std::vector<std::jthread> others;
  for (std::size_t thread = 1; thread < std::min(threads_, count); ++thread) {
    try {
      others.emplace_back(run);
    } catch (const std::system_error&) {
      break;  // the system gives no more threads: those that there are do the work
    }
  }
  run();
}

Result<Embeddings> EncoderEmbedder::embed(std::span<const std::string_view> texts, EmbedRole role,
                                          std::stop_token stop) const {
  std::vector<Sequence> sequences(texts.size());
  share_out(texts.size(), stop,
            [&](std::size_t index, Encoder::Scratch&) { sequences[index] = sequence_of(texts[index], role); });

  // Longest first, so that no thread is left alone with a long one at the end. Each sequence is computed by itself:
  // neither this order nor the number of threads can show in a vector.
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return sequences[left].ids.size() > sequences[right].ids.size();
  });
  Embeddings result;
  result.dimension = dimension();
  result.values.resize(texts.size() * result.dimension);
  share_out(texts.size(), stop, [&](std::size_t place, Encoder::Scratch& scratch) {
    const std::size_t index = order[place];
    const std::span<float> row = std::span(result.values).subspan(index * result.dimension, result.dimension);
    encoder_->encode(sequences[index].ids, scratch, row);
  });
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "embedding was stopped"};
  for (const Sequence& sequence : sequences) {
    result.truncated += sequence.truncated ? 1 : 0;
    result.tokens += sequence.ids.size();
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Embedder>> open_embedder(const std::filesystem::path& directory, const EmbedOptions& options) {
  auto encoder = Encoder::open(directory);
  if (!encoder) return encoder.error();
  auto embedder = std::make_unique<EncoderEmbedder>(std::move(encoder).value(), options);
  if (!embedder->fits()) return Error{ErrorKind::corrupt, "the model's prefixes are longer than what it reads"};
  return std::unique_ptr<Embedder>(std::move(embedder));
}

}  // namespace attune
