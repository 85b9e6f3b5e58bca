// The flow of one rewriting: spelling first, what follows is made from the corrected question.
#include "attune/rewrite.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <mutex>
#include <utility>

#include "rewrite/rules.hpp"

namespace attune {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kComparedPassages = 100;  // of each side of a comparison
constexpr float kNeuralWeight = 0.5F;
// Without a gate: from this probability on that a question does not stand for itself, its conversation counts in full.
constexpr double kSurelyLeaning = 0.5;
constexpr double kLeaningPower = 2;      // below it, less than in proportion: a wrong guess costs more than it brings
constexpr double kLeastShare = 0.05;     // a leg that would count less does not run
constexpr double kReadInstead = 0.5;     // so much must the neural rewrite count for passages to be read against it
constexpr double kReadWithTopics = 0.5;  // so surely must it lean for the reranker to read its topics with it

Rewrite to_rewrite(NeuralRewrite neural, float share) {
  Rewrite rewrite{.kind = RewriteKind::neural,
                  .text = std::move(neural.text),
                  .confidence = neural.confidence,
                  .words = kNeuralWeight * share,
                  .dense = kNeuralWeight * share};
  for (const EditedText::Copied& copied : neural.copied) {
    rewrite.origins.push_back({copied.output, RewriteOrigin::From::history, copied.turn, copied.source});
  }
  rewrite.why = "as it stands without its conversation";
  return rewrite;
}

// Adds what a step made, with the time since `start`.
void add(std::vector<Rewrite> made, Clock::time_point start, Rewriting& rewriting) {
  const double spent = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  for (Rewrite& rewrite : made) {
    rewrite.milliseconds = spent;
    rewriting.rewrites.push_back(std::move(rewrite));
  }
}

}  // namespace

std::string_view name_of(RewriteKind kind) {
  switch (kind) {
    case RewriteKind::spelling:
      return "spelling";
    case RewriteKind::neural:
      return "neural";
    case RewriteKind::topics:
      return "topics";
    case RewriteKind::answer:
      return "answer";
    case RewriteKind::abbreviation:
      return "abbreviation";
    case RewriteKind::part:
      return "part";
    case RewriteKind::feedback:
      return "feedback";
  }
  return "";
}

struct QueryRewriter::Parts {
  const Store* store;
  const NeuralRewriter* neural;
  const Tokenizer* tokenizer;
  std::optional<ConversationGate> gate;
  std::mutex mutex;
  std::int64_t generation = -1;                  // of the vocabulary
  std::shared_ptr<const Vocabulary> vocabulary;  // read when a question first needs it

  Result<std::shared_ptr<const Vocabulary>> current_vocabulary() {
    const auto now = store->generation();
    if (!now) return now.error();
    const std::lock_guard lock(mutex);
    if (vocabulary == nullptr || generation != *now) {
      auto terms = store->terms();
      if (!terms) return terms.error();
      vocabulary = std::make_shared<const Vocabulary>(*std::move(terms));
      generation = *now;
    }
    return vocabulary;
  }

  Status add_spelling(Rewriting& rewriting) {
    const auto start = Clock::now();
    auto spelled = correct_spelling(
        rewriting.question, *store, [this] { return current_vocabulary(); }, tokenizer);
    if (!spelled) return spelled.error();
    if (!*spelled) return {};
    rewriting.question = (*spelled)->text;
    add({**std::move(spelled)}, start, rewriting);
    return {};
  }

  // Also decides how much the conversation counts; without a model it counts in full.
  Status add_neural(const Conversation& conversation, const RewriteOptions& options, Rewriting& rewriting) const {
    rewriting.share = options.share.value_or(ConversationShare());
    if (neural == nullptr) return {};
    const auto start = Clock::now();
    NeuralOptions how = options.neural;
    if (options.force) how.caution = 0;
    auto rewritten = neural->rewrite(conversation, how);
    if (!rewritten) return rewritten.error();
    const double rule = std::pow(std::min(1.0, (1 - rewritten->unchanged) / kSurelyLeaning), kLeaningPower);
    if (!options.share) rewriting.share = {1, rule};
    if (store != nullptr) {
      const auto features = gate_features(conversation, *rewritten, rule, *store);
      if (!features) return features.error();
      rewriting.features = *features;
      if (gate && !options.share) rewriting.share = gate->share(*features);
    }
    if (options.force) rewriting.share.neural = 1;
    if (!rewritten->changed || rewriting.share.neural < kLeastShare) return {};
    if (rewriting.share.neural >= kReadInstead) rewriting.question = rewritten->text;
    add({to_rewrite(*std::move(rewritten), static_cast<float>(rewriting.share.neural))}, start, rewriting);
    return {};
  }

  Status add_history(const Conversation& conversation, Rewriting& rewriting) const {
    const double leaning = rewriting.share.conversation;
    if (leaning < kLeastShare) return {};
    const auto start = Clock::now();
    const auto counts = store->counts("");
    if (!counts) return counts.error();
    auto expanded = expand_by_history(conversation, *store, counts->chunks, leaning);
    if (!expanded) return expanded.error();
    // A passage is read with what the conversation is about, where the question says too little by itself.
    if (leaning >= kReadWithTopics) {
      for (const Rewrite& rewrite : *expanded) {
        if (rewrite.kind != RewriteKind::topics) continue;
        for (const RewriteOrigin& topic : rewrite.origins) {
          rewriting.question.append(1, ' ').append(topic.output.of(rewrite.text));
        }
      }
    }
    add(*std::move(expanded), start, rewriting);
    return {};
  }

  // What a rule makes of a question, if anything.
  using Rule = Result<std::optional<Rewrite>> (*)(const std::string& question, const Store& store);
  Status add_by(Rule rule, const std::string& question, Rewriting& rewriting) const {
    const auto start = Clock::now();
    auto made = rule(question, *store);
    if (!made) return made.error();
    if (*made) add({**std::move(made)}, start, rewriting);
    return {};
  }

  // Only where no passage speaks of both sides: one that does answers better than one of each.
  Status add_parts(const std::string& question, Rewriting& rewriting) const {
    const auto start = Clock::now();
    std::vector<Rewrite> sides = split_comparison(question);
    if (sides.empty()) return {};
    std::vector<ChunkSet> found;
    for (const Rewrite& side : sides) {
      const auto chunks = store->search_words(side.text, {.k = kComparedPassages});
      if (!chunks) return chunks.error();
      ChunkSet& ids = found.emplace_back();
      for (const ScoredChunk& chunk : *chunks) ids.push_back(chunk.chunk_id);
      std::ranges::sort(ids);
    }
    ChunkSet both;
    std::ranges::set_intersection(found.front(), found.back(), std::back_inserter(both));
    if (both.empty()) add(std::move(sides), start, rewriting);
    return {};
  }
};

QueryRewriter::QueryRewriter(const Store* store, const NeuralRewriter* neural, const Tokenizer* tokenizer,
                             std::optional<ConversationGate> gate)
    : parts_(new Parts{
          .store = store, .neural = neural, .tokenizer = tokenizer, .gate = gate, .mutex = {}, .vocabulary = nullptr}) {
}
QueryRewriter::~QueryRewriter() = default;

Result<Rewriting> QueryRewriter::rewrite(const Conversation& conversation, const RewriteOptions& options) const {
  Rewriting rewriting{.rewrites = {}, .question = conversation.question};
  if (parts_->store != nullptr) {
    if (const Status spelled = parts_->add_spelling(rewriting); !spelled) return spelled.error();
  }
  const Conversation corrected{conversation.history, rewriting.question};
  if (!corrected.history.empty()) {
    if (const Status added = parts_->add_neural(corrected, options, rewriting); !added) return added.error();
    if (parts_->store != nullptr) {
      const Status expanded = parts_->add_history(corrected, rewriting);
      if (!expanded) return expanded.error();
    }
  }
  if (parts_->store != nullptr) {
    const Status expanded = parts_->add_by(expand_abbreviations, corrected.question, rewriting);
    if (!expanded) return expanded.error();
    const Status split = parts_->add_parts(corrected.question, rewriting);
    if (!split) return split.error();
    if (options.feedback) {
      const Status fed = parts_->add_by(expand_by_feedback, rewriting.question, rewriting);
      if (!fed) return fed.error();
    }
  }
  return rewriting;
}

}  // namespace attune
