#include "explain/attention_links.hpp"

#include <algorithm>
#include <tuple>

namespace attune::explain {
namespace {

constexpr float kStrong = 0.5F;
constexpr float kClear = 0.2F;
constexpr float kTimesEven = 2.0F;
constexpr float kCommonShare = 2.0F / 3.0F;

bool contains(const std::vector<std::size_t>& indices, std::size_t index) {
  return std::find(indices.begin(), indices.end(), index) != indices.end();
}

float weight_between(const LayerTrace& trace, std::size_t head_index, std::size_t from,
                     const std::vector<std::size_t>& to) {
  float sum = 0;
  for (const std::size_t j : to) sum += trace.weights_htt[(head_index * trace.tokens + from) * trace.tokens + j];
  return sum;
}

}  // namespace

std::size_t strongest_other(const LayerTrace& trace, std::size_t head_index, std::size_t token_index,
                            const std::vector<ExplainedToken>& tokens) {
  const float* row_t = trace.weights_htt.data() + (head_index * trace.tokens + token_index) * trace.tokens;
  std::size_t strongest = token_index;
  for (std::size_t j = 0; j < tokens.size(); ++j) {
    if (tokens[j].special || tokens[j].word == tokens[token_index].word) continue;
    if (strongest == token_index || row_t[j] > row_t[strongest]) strongest = j;
  }
  return strongest;
}

void add_layer(const LayerTrace& trace, std::size_t layer_index, const std::vector<ExplainedToken>& tokens,
               AttentionLink& link) {
  const auto& from = link.from.token_indices;
  const auto& to = link.to.token_indices;
  for (std::size_t head_index = 0; head_index < trace.heads; ++head_index) {
    AttentionLink::Head head{.layer = layer_index + 1, .head = head_index + 1};
    for (const std::size_t i : from) head.weight += weight_between(trace, head_index, i, to);
    head.weight /= static_cast<float>(from.size());
    std::size_t counted = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].special || contains(from, i) || contains(to, i)) continue;
      head.others += weight_between(trace, head_index, i, to);
      ++counted;
    }
    if (counted > 0) head.others /= static_cast<float>(counted);
    const std::size_t strongest = strongest_other(trace, head_index, from.front(), tokens);
    head.strongest = strongest + 1;
    link.strongest_in += contains(to, strongest) ? 1 : 0;
    link.heads.push_back(head);
  }
}

void finish_link(std::size_t tokens, AttentionLink& link) {
  link.even = static_cast<float>(link.to.token_indices.size()) / static_cast<float>(tokens);
  std::sort(link.heads.begin(), link.heads.end(), [](const AttentionLink::Head& a, const AttentionLink::Head& b) {
    return std::tuple(-a.weight, a.layer, a.head) < std::tuple(-b.weight, b.layer, b.head);
  });
}

std::string_view verdict(const AttentionLink& link, const AttentionLink::Head& head) {
  if (head.weight < kClear || head.weight < kTimesEven * link.even) return "weak";
  if (head.others >= kCommonShare * head.weight) return "common";
  return head.weight >= kStrong ? "strong" : "clear";
}

}  // namespace attune::explain
