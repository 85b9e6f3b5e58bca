#include "attune/rewrite/neural.hpp"

#include <cmath>
#include <utility>

#include "attune/core/file.hpp"

namespace attune {
namespace {

class FileRewriter final : public NeuralRewriter {
 public:
  FileRewriter(const Encoder& encoder, std::unique_ptr<EditLayers> layers, std::vector<std::string> glue, int threads)
      : encoder_(&encoder), layers_(std::move(layers)), glue_(std::move(glue)), threads_(threads) {}

  void keep(std::unique_ptr<Encoder> encoder) { kept_ = std::move(encoder); }

  Result<NeuralRewrite> rewrite(const Conversation& conversation, const NeuralOptions& options) const override {
    NeuralRewrite out{.text = conversation.question, .changed = false, .confidence = 1, .unchanged = 1, .copied = {}};
    if (conversation.history.empty()) return out;
    const auto reading =
        read_conversation(conversation, encoder_->tokenizer(), encoder_->sequence_template(), layers_->shape());
    if (!reading) return out;
    const std::size_t width = layers_->shape().layer.width;
    std::vector<float> states(reading->ids.size() * width);
    const Encoder::Sequence sequence{reading->ids, {}};
    const Status read =
        encoder_->states(std::span(&sequence, 1), {.threads = threads_}, layers_->shape().lower_layers, states);
    if (!read) return read.error();
    const auto scores = layers_->score(reading->rows, reading->rows_of(states, width));
    if (!scores) return scores.error();
    const Edits best = search_edits(*scores, options.beam).front();
    const double unchanged = unchanged_log_probability(*scores);
    out.unchanged = std::exp(unchanged);
    if (best.empty() || best.log_probability < unchanged + std::log(options.caution)) {
      out.confidence = out.unchanged;
      return out;
    }
    EditedText edited = apply_edits(conversation, *reading, best, glue_);
    if (edited.text.empty()) return out;
    align(conversation, *reading, best, *scores, edited);
    return NeuralRewrite{.text = std::move(edited.text),
                         .changed = true,
                         .confidence = std::exp(best.log_probability),
                         .unchanged = out.unchanged,
                         .copied = std::move(edited.copied)};
  }

 private:
  std::unique_ptr<Encoder> kept_;  // nullptr: somebody else keeps it
  const Encoder* encoder_;
  std::unique_ptr<EditLayers> layers_;
  std::vector<std::string> glue_;
  int threads_;
};

Result<std::unique_ptr<FileRewriter>> rewriter_above(const Encoder& encoder, const std::filesystem::path& file,
                                                     int threads) {
  auto model = load_edit_model(file);
  if (!model) return model.error();
  if (encoder.description().identity != model->base) {
    return Error{ErrorKind::conflict, "'" + to_utf8(file) + "' was trained above " + model->base + ", not above " +
                                          encoder.description().identity};
  }
  auto layers = EditLayers::pack(*model, nn::Precision::i8, threads);
  return std::make_unique<FileRewriter>(encoder, std::move(layers), std::move(model->glue), threads);
}

}  // namespace

Result<std::unique_ptr<NeuralRewriter>> NeuralRewriter::open(const std::filesystem::path& embedder,
                                                             const std::filesystem::path& file, int threads) {
  auto encoder = Encoder::open(embedder, {.threads = threads});
  if (!encoder) return encoder.error();
  auto rewriter = rewriter_above(**encoder, file, threads);
  if (!rewriter) return rewriter.error();
  (*rewriter)->keep(*std::move(encoder));
  return std::unique_ptr<NeuralRewriter>(*std::move(rewriter));
}

Result<std::unique_ptr<NeuralRewriter>> NeuralRewriter::above(const Encoder& encoder, const std::filesystem::path& file,
                                                              int threads) {
  auto rewriter = rewriter_above(encoder, file, threads);
  if (!rewriter) return rewriter.error();
  return std::unique_ptr<NeuralRewriter>(*std::move(rewriter));
}

}  // namespace attune
