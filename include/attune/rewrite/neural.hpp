// The neural rewriter: a question and its conversation in, the question as it stands alone out.
//
// Part of the room `rewrite`. The embedder's lower layers read the conversation, edit layers (attune/model/edit.hpp)
// say what is missing, and what they point at is copied in. Thread-safe: calls keep no state.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/rewrite/edits.hpp"

namespace attune {

struct NeuralOptions {
  std::size_t beam = 4;
  // The question is rewritten only where the best edits are likelier than none by this factor at least.
  double caution = 1;
};

struct NeuralRewrite {
  std::string text;  // the question itself, byte for byte, where it is left alone
  bool changed = false;
  double confidence = 0;  // probability of what was chosen, 0 … 1
  double unchanged = 1;   // probability that the question stands as it is, 0 … 1
  std::vector<EditedText::Copied> copied;
};

class NeuralRewriter {
 public:
  virtual ~NeuralRewriter() = default;

  // `embedder`: folder of the encoder that the file was trained above. Fails as Encoder::open and load_edit_model, with
  // conflict if the file belongs to another encoder.
  static Result<std::unique_ptr<NeuralRewriter>> open(const std::filesystem::path& embedder,
                                                      const std::filesystem::path& file, int threads = 0);

  // The same above an encoder that is already there, which must outlive the rewriter.
  static Result<std::unique_ptr<NeuralRewriter>> above(const Encoder& encoder, const std::filesystem::path& file,
                                                       int threads = 0);

  // A question without history, without a word or too long to be edited is left alone. Fails as Encoder::states.
  [[nodiscard]] virtual Result<NeuralRewrite> rewrite(const Conversation& conversation,
                                                      const NeuralOptions& options = {}) const = 0;
};

}  // namespace attune
