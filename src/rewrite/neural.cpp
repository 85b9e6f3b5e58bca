#include "attune/rewrite/neural.hpp"

#include <cmath>
#include <utility>

#include "attune/core/file.hpp"

namespace attune {
namespace {

class FileRewriter final : public NeuralRewriter {
 public:
  FileRewriter(std::unique_ptr<Encoder> encoder, std::unique_ptr<EditLayers> layers, std::vector<std::string> glue,
               int threads)
      : encoder_(std::move(encoder)), layers_(std::move(layers)), glue_(std::move(glue)), threads_(threads) {}

  Result<NeuralRewrite> rewrite(const Conversation& conversation, const NeuralOptions& options) const override {
    NeuralRewrite out{.text = conversation.question, .changed = false, .confidence = 1, .copied = {}};
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
    if (best.empty() || best.log_probability < unchanged + std::log(options.caution)) {
      out.confidence = std::exp(unchanged);
      return out;
    }
    EditedText edited = apply_edits(conversation, *reading, best, glue_);
    if (edited.text.empty()) return out;
    return NeuralRewrite{std::move(edited.text), true, std::exp(best.log_probability), std::move(edited.copied)};
  }

 private:
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<EditLayers> layers_;
  std::vector<std::string> glue_;
  int threads_;
};

}  // namespace

Result<std::unique_ptr<NeuralRewriter>> NeuralRewriter::open(const std::filesystem::path& embedder,
                                                             const std::filesystem::path& file, int threads) {
  auto model = load_edit_model(file);
  if (!model) return model.error();
  auto encoder = Encoder::open(embedder, {.threads = threads});
  if (!encoder) return encoder.error();
  if ((*encoder)->description().identity != model->base) {
    return Error{ErrorKind::conflict, "'" + to_utf8(file) + "' was trained above " + model->base + ", not above " +
                                          (*encoder)->description().identity};
  }
  auto layers = EditLayers::pack(*model, nn::Precision::i8, threads);
  return std::unique_ptr<NeuralRewriter>(
      std::make_unique<FileRewriter>(std::move(*encoder), std::move(layers), std::move(model->glue), threads));
}

}  // namespace attune
