// The explanation for programs: every number in full, so that any of them can be computed again.
#include <cmath>

#include <nlohmann/json.hpp>

#include "attune/explain.hpp"

#include "explain/attention_links.hpp"
#include "explain/json_numbers.hpp"

namespace attune {
namespace {

using Json = nlohmann::ordered_json;
using explain::matrix_json;
using explain::numbers_json;
using explain::shortest;

Json token_json(const ExplainedToken& token, std::size_t index) {
  return {{"number", index + 1},       {"id", token.id},        {"piece", token.piece},    {"label", token.label},
          {"start", token.span.start}, {"end", token.span.end}, {"special", token.special}};
}

Json steps_json(const AttentionExplanation& explanation) {
  const LayerTrace& trace = explanation.trace;
  const std::size_t token = explanation.token_index;
  const auto row = [&](const std::vector<float>& matrix_tw, std::size_t index) {
    return numbers_json(explanation.head_row(matrix_tw, index));
  };
  Json against = Json::array();
  for (std::size_t j = 0; j < explanation.tokens.size(); ++j) {
    const float weight = explanation.weight(explanation.head_index, token, j);
    const auto v_d = explanation.head_row(trace.v_tw, j);
    std::vector<float> weighted(v_d.begin(), v_d.end());
    for (float& value : weighted) value *= weight;
    against.push_back({{"token", j + 1},
                       {"k", row(trace.k_tw, j)},
                       {"score", shortest(explanation.scores_t[j])},
                       {"scaled", shortest(explanation.scaled_t[j])},
                       {"weight", shortest(weight)},
                       {"v", numbers_json(v_d)},
                       {"weighted_value", numbers_json(weighted)}});
  }
  return {{"x", numbers_json(std::span(trace.x_tw).subspan(token * trace.width, trace.width))},
          {"q", row(trace.q_tw, token)},
          {"k", row(trace.k_tw, token)},
          {"v", row(trace.v_tw, token)},
          {"divisor", shortest(std::sqrt(static_cast<float>(explanation.head_width())))},
          {"against", std::move(against)},
          {"z", row(trace.context_tw, token)}};
}

Json matrix_json(const AttentionExplanation& explanation) {
  const LayerTrace& trace = explanation.trace;
  Json z = Json::array();
  for (std::size_t i = 0; i < trace.tokens; ++i) z.push_back(numbers_json(explanation.head_row(trace.context_tw, i)));
  const auto weights_tt =
      std::span(trace.weights_htt)
          .subspan(explanation.head_index * trace.tokens * trace.tokens, trace.tokens * trace.tokens);
  return {{"formula", "Z = softmax(Q·Kᵀ / √d_k)·V"},
          {"weights", matrix_json(weights_tt, trace.tokens)},
          {"z", std::move(z)}};
}

Json heads_json(const AttentionExplanation& explanation) {
  const LayerTrace& trace = explanation.trace;
  const std::size_t cells = trace.tokens * trace.tokens;
  const std::size_t head_width = explanation.head_width();
  Json heads = Json::array();
  for (std::size_t head = 0; head < trace.heads; ++head) {
    const std::size_t start = explanation.token_index * trace.width + head * head_width;
    const std::size_t strongest = explain::strongest_other(trace, head, explanation.token_index, explanation.tokens);
    heads.push_back(
        {{"head", head + 1},
         {"strongest", strongest + 1},
         {"z", numbers_json(std::span(trace.context_tw).subspan(start, head_width))},
         {"weights", matrix_json(std::span(trace.weights_htt).subspan(head * cells, cells), trace.tokens)}});
  }
  return heads;
}

Json group_json(const TokenGroup& group) {
  Json tokens = Json::array();
  for (const std::size_t index : group.token_indices) tokens.push_back(index + 1);
  return {{"word", group.word}, {"tokens", std::move(tokens)}, {"note", group.note}};
}

Json link_json(const AttentionLink& link) {
  Json heads = Json::array();
  for (const AttentionLink::Head& head : link.heads) {
    heads.push_back({{"layer", head.layer},
                     {"head", head.head},
                     {"weight", shortest(head.weight)},
                     {"others", shortest(head.others)},
                     {"strongest", head.strongest},
                     {"verdict", explain::verdict(link, head)}});
  }
  return {{"from", group_json(link.from)},
          {"to", group_json(link.to)},
          {"even", shortest(link.even)},
          {"strongest_in", link.strongest_in},
          {"heads", std::move(heads)}};
}

}  // namespace

std::string attention_json(const AttentionExplanation& explanation) {
  const LayerTrace& trace = explanation.trace;
  const auto row = [&](const std::vector<float>& matrix_tw) {
    return numbers_json(std::span(matrix_tw).subspan(explanation.token_index * trace.width, trace.width));
  };
  Json tokens = Json::array();
  for (std::size_t index = 0; index < explanation.tokens.size(); ++index) {
    tokens.push_back(token_json(explanation.tokens[index], index));
  }
  Json links = Json::array();
  for (const AttentionLink& link : explanation.links) links.push_back(link_json(link));
  const Json json = {{"model",
                      {{"identity", explanation.model.identity},
                       {"name", explanation.model.name},
                       {"layers", explanation.model.layers},
                       {"heads", trace.heads},
                       {"width", trace.width},
                       {"head_width", explanation.head_width()}}},
                     {"text", explanation.text},
                     {"prefix", explanation.prefix},
                     {"tokens", std::move(tokens)},
                     {"chosen",
                      {{"token", explanation.token_index + 1},
                       {"token_reason", explanation.token_reason},
                       {"layer", explanation.layer_index + 1},
                       {"head", explanation.head_index + 1},
                       {"head_reason", explanation.head_reason}}},
                     {"steps", steps_json(explanation)},
                     {"matrix", matrix_json(explanation)},
                     {"heads", heads_json(explanation)},
                     {"concatenated", row(trace.context_tw)},
                     {"output", row(trace.output_tw)},
                     {"links", std::move(links)}};
  // A label may be cut from a piece in the middle of a character.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attune
