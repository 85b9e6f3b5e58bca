// Runs the model once, chooses what to show, and takes the numbers of the story out of the chosen layer.
#include <algorithm>
#include <cmath>
#include <optional>

#include "attune/core/dot_product.hpp"
#include "attune/explain.hpp"
#include "attune/text.hpp"

#include "explain/attention_links.hpp"
#include "explain/token_labels.hpp"

namespace attune {
namespace {

constexpr std::size_t kMaxLinks = 16;
// Far more than kMaxExplainedTokens can stand for, unless a text has no pieces; then its labels would be this long.
constexpr std::size_t kMaxBytes = 16384;

std::string quoted(const std::string& label) {
  return "'" + label + "'";
}

// Keeps the trace of the layer in which the best head so far is.
struct Choice {
  float best = -2;  // below any rating
  std::size_t layer_index = 0;
  std::size_t head_index = 0;
  LayerTrace trace;
};

class ModelExplainer final : public AttentionExplainer {
 public:
  ModelExplainer(std::unique_ptr<Encoder> encoder, std::unique_ptr<AttentionTracer> tracer)
      : encoder_(std::move(encoder)), tracer_(std::move(tracer)) {}

  Result<AttentionExplanation> explain(const AttentionRequest& request) const override;
  const ModelDescription& description() const override { return encoder_->description(); }

 private:
  [[nodiscard]] Status check(const AttentionRequest& request) const;
  Status cut_text(const AttentionRequest& request, AttentionExplanation& explanation) const;
  static Status name_tokens(const AttentionRequest& request, AttentionExplanation& explanation);
  [[nodiscard]] Choice run(const AttentionRequest& request, AttentionExplanation& explanation) const;

  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<AttentionTracer> tracer_;
};

Status ModelExplainer::check(const AttentionRequest& request) const {
  const auto in_range = [](std::size_t number, std::size_t count, const std::string& what) -> Status {
    if (number <= count) return {};
    return Error{ErrorKind::bad_input, "there is no " + what + " " + std::to_string(number) + "; the model has " +
                                           what + "s 1 to " + std::to_string(count)};
  };
  if (const Status status = in_range(request.layer, description().layers, "layer"); !status) return status;
  if (const Status status = in_range(request.head, description().heads, "head"); !status) return status;
  if (request.links.size() > kMaxLinks) {
    return Error{ErrorKind::too_large, "more than " + std::to_string(kMaxLinks) + " links were asked for"};
  }
  if (request.text.size() + request.prefix.size() <= kMaxBytes) return {};
  return Error{ErrorKind::too_large, "the text has more than " + std::to_string(kMaxBytes) + " bytes"};
}

Status ModelExplainer::cut_text(const AttentionRequest& request, AttentionExplanation& explanation) const {
  const Tokenizer& tokenizer = encoder_->tokenizer();
  explanation.prefix = text::to_valid_utf8(request.prefix);
  explanation.text = explanation.prefix + text::to_valid_utf8(request.text);
  const Encoding encoding = tokenizer.encode(explanation.text);
  const std::size_t most = std::min(kMaxExplainedTokens, description().max_positions);
  const auto input = build_input(encoder_->sequence_template(), encoding, {.max_tokens = most});
  if (!input) return input.error();
  if (input->left_out > 0) {
    return Error{ErrorKind::too_large, "the text has " + std::to_string(input->ids.size() + input->left_out) +
                                           " tokens; an explanation shows " + std::to_string(most) + " at most"};
  }
  const auto add = [&](std::int32_t id, ByteSpan span, bool special) {
    ExplainedToken token{.id = id, .piece = std::string(tokenizer.piece(id)), .label = {}, .span = span};
    token.special = special;
    token.label = special ? token.piece : explain::token_label(explanation.text, span, token.piece);
    const std::size_t last = explanation.tokens.empty() ? 0 : explanation.tokens.back().word;
    token.word = !special && explain::goes_on(explanation.text, span) ? last : last + 1;
    explanation.tokens.push_back(std::move(token));
  };
  std::size_t at = 0;  // where a special token stands: between its neighbours
  for (std::size_t index = 0; index < input->ids.size(); ++index) {
    const bool special = input->sequences[index] < 0;
    const bool last = index + 1 == input->ids.size();
    if (special && last) at = explanation.text.size();
    // A lone "▁" marks where a word begins. Its bytes are those of the character behind it, which is another token's.
    const bool is_mark = tokenizer.piece(input->ids[index]) == "\xE2\x96\x81";
    const ByteSpan span = special   ? ByteSpan{at, at}
                          : is_mark ? ByteSpan{input->offsets[index].start, input->offsets[index].start}
                                    : input->offsets[index];
    add(input->ids[index], span, special);
    at = span.end;
  }
  return {};
}

// Finds the words that the request names, and the token to tell the story of.
Status ModelExplainer::name_tokens(const AttentionRequest& request, AttentionExplanation& explanation) {
  const auto& tokens = explanation.tokens;
  const explain::WordSearch search{explanation.text, tokens, explanation.prefix.size()};
  for (const AttentionRequest::Link& wanted : request.links) {
    auto from = explain::find_word(search, wanted.from);
    if (!from) return from.error();
    auto to = explain::find_word(search, wanted.to);
    if (!to) return to.error();
    explanation.links.push_back({.from = std::move(from).value(), .to = std::move(to).value(), .heads = {}});
  }
  if (!request.token.empty()) {
    const auto group = explain::find_word(search, request.token);
    if (!group) return group.error();
    explanation.token_index = group->token_indices.front();
    explanation.token_reason = "as asked";
    if (!group->note.empty()) explanation.token_reason += "; " + group->note;
    if (group->token_indices.size() > 1) {
      explanation.token_reason += "; the first of its " + std::to_string(group->token_indices.size()) + " pieces";
    }
    return {};
  }
  if (!explanation.links.empty()) {
    explanation.token_index = explanation.links[0].from.token_indices.front();
    explanation.token_reason = "the first word of the link";
    return {};
  }
  const auto first = std::find_if(tokens.begin(), tokens.end(), [&](const ExplainedToken& token) {
    return !token.special && token.span.end > explanation.prefix.size();
  });
  if (first == tokens.end()) return Error{ErrorKind::bad_input, "the text has nothing to read"};
  explanation.token_index = static_cast<std::size_t>(first - tokens.begin());
  explanation.token_reason = "the first of the text";
  return {};
}

Choice ModelExplainer::run(const AttentionRequest& request, AttentionExplanation& explanation) const {
  const auto& tokens = explanation.tokens;
  const std::size_t token = explanation.token_index;
  // What a head is chosen by: how far the first link stands out from what the other tokens do, else the most that the
  // token takes from one piece of another word.
  const auto rating = [&](const LayerTrace& trace, std::size_t head_index) {
    if (!explanation.links.empty()) {
      const auto& heads = explanation.links[0].heads;  // this layer's have just been added
      const AttentionLink::Head& head = heads[heads.size() - trace.heads + head_index];
      return head.weight - head.others;
    }
    const std::size_t strongest = explain::strongest_other(trace, head_index, token, tokens);
    if (strongest == token) return 0.0F;  // nothing to choose by: the first head stays
    return trace.weights_htt[(head_index * trace.tokens + token) * trace.tokens + strongest];
  };
  std::vector<std::int32_t> ids;
  for (const ExplainedToken& one : tokens) ids.push_back(one.id);
  Choice choice;
  tracer_->trace(ids, [&](std::size_t layer_index, LayerTrace&& trace) {
    for (AttentionLink& link : explanation.links) explain::add_layer(trace, layer_index, tokens, link);
    if (request.layer != 0 && request.layer != layer_index + 1) return;
    bool better = false;
    for (std::size_t head_index = 0; head_index < trace.heads; ++head_index) {
      if (request.head != 0 && request.head != head_index + 1) continue;
      const float rated = rating(trace, head_index);
      if (rated <= choice.best) continue;
      better = true;
      choice.best = rated;
      choice.layer_index = layer_index;
      choice.head_index = head_index;
    }
    if (better) choice.trace = std::move(trace);
  });
  for (AttentionLink& link : explanation.links) explain::finish_link(tokens.size(), link);
  return choice;
}

std::string reason_for_head(const AttentionRequest& request, const AttentionExplanation& explanation) {
  if (request.layer != 0 && request.head != 0) return "as asked";
  const std::string among = request.layer != 0  ? "of the layer that was asked for, the head in which "
                            : request.head != 0 ? "of the heads with the number that was asked for, the one in which "
                                                : "of all heads in all layers, the one in which ";
  if (!explanation.links.empty()) {
    const AttentionLink& link = explanation.links[0];
    return among + quoted(link.from.word) + " takes more from " + quoted(link.to.word) +
           " than the other tokens do by the widest margin";
  }
  const std::size_t strongest =
      explain::strongest_other(explanation.trace, explanation.head_index, explanation.token_index, explanation.tokens);
  if (strongest == explanation.token_index) return "the first: the text has no second word to choose by";
  return among + quoted(explanation.tokens[explanation.token_index].label) +
         " takes most from one piece of another word, " + quoted(explanation.tokens[strongest].label);
}

Result<AttentionExplanation> ModelExplainer::explain(const AttentionRequest& request) const {
  AttentionExplanation explanation;
  explanation.model = description();
  if (const Status status = check(request); !status) return status.error();
  if (const Status status = cut_text(request, explanation); !status) return status.error();
  if (const Status status = name_tokens(request, explanation); !status) return status.error();
  Choice choice = run(request, explanation);
  explanation.layer_index = choice.layer_index;
  explanation.head_index = choice.head_index;
  explanation.trace = std::move(choice.trace);
  explanation.head_reason = reason_for_head(request, explanation);

  const float divisor = std::sqrt(static_cast<float>(explanation.head_width()));
  const auto q_d = explanation.head_row(explanation.trace.q_tw, explanation.token_index);
  for (std::size_t j = 0; j < explanation.tokens.size(); ++j) {
    explanation.scores_t.push_back(dot_product(q_d, explanation.head_row(explanation.trace.k_tw, j)));
    explanation.scaled_t.push_back(explanation.scores_t.back() / divisor);
  }
  return explanation;
}

}  // namespace

Result<std::unique_ptr<AttentionExplainer>> AttentionExplainer::open(const std::filesystem::path& model) {
  auto encoder = Encoder::open(model);
  if (!encoder) return encoder.error();
  auto tracer = AttentionTracer::open(model);
  if (!tracer) return tracer.error();
  return std::unique_ptr<AttentionExplainer>(
      std::make_unique<ModelExplainer>(std::move(encoder).value(), std::move(tracer).value()));
}

}  // namespace attune
