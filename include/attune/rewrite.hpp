// Rewrite: what should we search for instead, and why? Rules and the neural rewriter give further ways to ask a
// question; the question itself always stays one of them.
//
// Before retrieve. The collection's words come from the store, the history with the call. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/core/result.hpp"
#include "attune/rewrite/gate.hpp"
#include "attune/rewrite/neural.hpp"
#include "attune/store.hpp"
#include "attune/tokenizer.hpp"

namespace attune {

enum class RewriteKind : std::uint8_t {
  spelling,      // words that the collection does not know, as it writes them
  neural,        // said so that it stands without its conversation
  topics,        // with the words that the conversation is about
  answer,        // with the beginning of what was answered last
  abbreviation,  // with what the collection says an abbreviation stands for
  part,          // one side of a comparison
  feedback,      // with words of the passages that it finds first
};
// "spelling", "neural", …
std::string_view name_of(RewriteKind kind);

// Where a stretch of a rewrite comes from.
struct RewriteOrigin {
  enum class From : std::uint8_t { question, history, collection };
  ByteSpan output;  // of Rewrite::text
  From from = From::question;
  std::size_t turn = 0;  // of the history
  ByteSpan source;       // of the question or the turn; empty where the collection said it
};

// One more way to ask.
struct Rewrite {
  RewriteKind kind = RewriteKind::spelling;
  std::string text = {};
  double confidence = 1;  // that it says what was meant, 0 … 1
  // Weights of its legs beside those of the question, which count 1; 0: that leg does not run.
  float words = 0;
  float dense = 0;
  std::vector<RewriteOrigin> origins = {};  // of what is not the question's own, in order
  std::string why = {};                     // for a person
  double milliseconds = 0;                  // to make it
};

struct Rewriting {
  std::vector<Rewrite> rewrites = {};
  // What passages are to be read against: spelled as the collection does, standing for itself, and where it leans on
  // its conversation with what that is about.
  std::string question;
  // Of a question with a conversation: what the gate looked at, and what it decided.
  GateFeatures features = {};
  ConversationShare share = {0, 0};
};

struct RewriteOptions {
  NeuralOptions neural = {};
  bool force = false;     // also where the neural rewriter would rather leave the question alone
  bool feedback = false;  // also with words of the passages that the question finds first (RM3)
  std::optional<ConversationShare> share = std::nullopt;  // whatever the gate says
};

class QueryRewriter {
 public:
  // All may be nullptr, and what needs them is left out. What is passed must outlive the rewriter. `tokenizer` tells
  // common words, which are never corrected. Without a gate a conversation counts by a rule of the neural rewriter's
  // probability that the question stands for itself.
  QueryRewriter(const Store* store, const NeuralRewriter* neural, const Tokenizer* tokenizer,
                std::optional<ConversationGate> gate = std::nullopt);
  ~QueryRewriter();

  // Empty where nothing is to be changed. Fails as the store and the neural rewriter do.
  [[nodiscard]] Result<Rewriting> rewrite(const Conversation& conversation, const RewriteOptions& options = {}) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace attune
