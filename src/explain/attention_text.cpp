// The story in the order of the text that Attune grew from: one token's five steps, the same as one matrix formula,
// then all heads together.
#include <cmath>
#include <numeric>

#include "attune/explain.hpp"

#include "explain/attention_links.hpp"
#include "explain/heat_map.hpp"
#include "explain/numbers.hpp"
#include "explain/token_labels.hpp"

namespace attune {
namespace {

using explain::first_numbers;
using explain::fixed;
using explain::padded;

constexpr std::size_t kVectorNumbers = 6;  // shown of a long vector
constexpr std::size_t kTableNumbers = 3;   // shown of a vector in a table
constexpr std::size_t kLinkRows = 10;
constexpr std::size_t kBarColumns = 10;

// Right-aligned in `columns`.
std::string right(const std::string& text, std::size_t columns) {
  const std::size_t width = explain::display_width(text);
  return std::string(width < columns ? columns - width : 0, ' ') + text;
}

class Story {
 public:
  Story(const AttentionExplanation& explanation, HeatMapStyle style)
      : e_(explanation), trace_(explanation.trace), style_(style) {
    token_ = "'" + e_.tokens[e_.token_index].label + "'";
    layer_ = std::to_string(e_.layer_index + 1);
    head_ = std::to_string(e_.head_index + 1);
    numbers_ = std::to_string(e_.head_width());
  }

  std::string tell() {
    heading();
    vectors();
    table();
    matrix();
    heads();
    for (const AttentionLink& link : e_.links) tell_link(link);
    return std::move(text_);
  }

 private:
  void line(const std::string& text = "") { text_ += text + "\n"; }
  // A vector under its name: "  q = [… ] 32 numbers".
  void vector(const std::string& name, std::span<const float> values) {
    line("     " + name + " = " + first_numbers(values, kVectorNumbers) + " " + std::to_string(values.size()) +
         " numbers");
  }
  [[nodiscard]] std::string numbered(std::size_t index) const {
    return right(std::to_string(index + 1), 3) + " " + e_.tokens[index].label;
  }

  void heading();
  void vectors();
  void table();
  void matrix();
  void heads();
  void tell_link(const AttentionLink& link);

  const AttentionExplanation& e_;
  const LayerTrace& trace_;
  HeatMapStyle style_;
  std::string text_, token_, layer_, head_, numbers_;
};

void Story::heading() {
  line("Self-attention of " + e_.model.identity + ": " + std::to_string(e_.model.layers) + " layers, " +
       std::to_string(trace_.heads) + " heads in each, d_k = " + std::to_string(trace_.width) + " / " +
       std::to_string(trace_.heads) + " = " + numbers_);
  line("Text: " + e_.text);
  line("Token: " + std::to_string(e_.token_index + 1) + " of " + std::to_string(trace_.tokens) + ", " + token_ + " (" +
       e_.token_reason + ")");
  line("Layer " + layer_ + ", head " + head_ + " (" + e_.head_reason + ")");
  line();
}

void Story::vectors() {
  line("ONE TOKEN, STEP BY STEP");
  line(
      "1. Query, key and value: x, which is " + token_ + " as layer " + layer_ + " reads it" +
      (e_.layer_index == 0 ? " (its embedding)," : " (what layer " + std::to_string(e_.layer_index) + " made of it),"));
  line("   times three trained matrices, plus a bias; head " + head_ + " has " + numbers_ + " columns of each.");
  vector("x        ", std::span(trace_.x_tw).subspan(e_.token_index * trace_.width, trace_.width));
  vector("q = x·W_Q", e_.head_row(trace_.q_tw, e_.token_index));
  vector("k = x·W_K", e_.head_row(trace_.k_tw, e_.token_index));
  vector("v = x·W_V", e_.head_row(trace_.v_tw, e_.token_index));
}

void Story::table() {
  const float divisor = std::sqrt(static_cast<float>(e_.head_width()));
  line("2. Score: this q times the k of every token.");
  line("3. Divided by √d_k = √" + numbers_ + " = " + fixed(divisor, 3) +
       (e_.head_width() == 64 ? "" : " (8 where d_k is 64)") +
       ", then softmax: no weight below 0, and their sum is 1.");
  line("4. Every token's v times its weight.   5. The sum of these is z, what " + token_ + " takes from the text.");
  line();
  line("    token              q·k    ÷√d_k  softmax             weight · v");
  float sum = 0;
  for (std::size_t j = 0; j < trace_.tokens; ++j) {
    const float weight = e_.weight(e_.head_index, e_.token_index, j);
    sum += weight;
    const auto v_d = e_.head_row(trace_.v_tw, j);
    std::vector<float> weighted(v_d.begin(), v_d.end());
    for (float& value : weighted) value *= weight;
    line(padded(numbered(j), 16) + right(fixed(e_.scores_t[j]), 10) + right(fixed(e_.scaled_t[j]), 9) +
         right(fixed(weight), 9) + " " + explain::bar(weight, kBarColumns) + " " +
         first_numbers(weighted, kTableNumbers));
  }
  line(padded("    sum", 35) + right(fixed(sum), 9) + std::string(kBarColumns - 2, ' ') + "z = " +
       first_numbers(e_.head_row(trace_.context_tw, e_.token_index), kTableNumbers) + " " + numbers_ + " numbers");
  line();
}

void Story::matrix() {
  line("THE SAME FOR ALL TOKENS AT ONCE");
  line("Q = X·W_Q, K = X·W_K, V = X·W_V with a row for each token; then Z = softmax(Q·Kᵀ / √d_k)·V.");
  if (trace_.tokens > explain::kMaxMapTokens) {
    line("The softmax has " + std::to_string(trace_.tokens) + " × " + std::to_string(trace_.tokens) +
         " weights, too many for a terminal: the picture and the JSON have them.");
    line();
    return;
  }
  line("The softmax, head " + head_ + " of layer " + layer_ +
       ": a row for the token that reads, a column for what it reads.");
  line(explain::legend(style_));
  explain::HeatMap map;
  map.columns = trace_.tokens;
  for (std::size_t i = 0; i < trace_.tokens; ++i) {
    map.row_labels.push_back(numbered(i));
    if (i == e_.token_index) map.row_comments.resize(i + 1);
    for (std::size_t j = 0; j < trace_.tokens; ++j) map.weights.push_back(e_.weight(e_.head_index, i, j));
  }
  map.row_comments.back() = "◄ row " + std::to_string(e_.token_index + 1) + " is the softmax above";
  text_ += explain::draw(map, style_);
  line();
}

void Story::heads() {
  line("ALL HEADS");
  line("Each head has matrices of its own. What " + token_ + " takes in the " + std::to_string(trace_.heads) +
       " heads of layer " + layer_ + ", and the one token it takes most from (its own word and special tokens aside):");
  explain::HeatMap map;
  map.columns = trace_.tokens;
  const bool drawn = trace_.tokens <= explain::kMaxMapTokens;
  for (std::size_t head = 0; head < trace_.heads; ++head) {
    const std::size_t strongest = explain::strongest_other(trace_, head, e_.token_index, e_.tokens);
    const std::string comment = fixed(e_.weight(head, e_.token_index, strongest)) + " '" + e_.tokens[strongest].label +
                                "'" + (head == e_.head_index ? " ◄ shown above" : "");
    map.row_labels.push_back("head " + std::to_string(head + 1));
    map.row_comments.push_back(comment);
    if (!drawn) line("  head " + right(std::to_string(head + 1), 3) + "  " + comment);
    for (std::size_t j = 0; j < trace_.tokens; ++j) map.weights.push_back(e_.weight(head, e_.token_index, j));
  }
  if (drawn) text_ += explain::draw(map, style_);
  line("Their z side by side, head after head, and that times W_O (plus a bias): what attention adds to " + token_ +
       ".");
  vector("concatenated", std::span(trace_.context_tw).subspan(e_.token_index * trace_.width, trace_.width));
  vector("output      ", std::span(trace_.output_tw).subspan(e_.token_index * trace_.width, trace_.width));
}

void Story::tell_link(const AttentionLink& link) {
  const std::string from = "'" + link.from.word + "'";
  const std::string to = "'" + link.to.word + "'";
  line();
  line("WHO LINKS " + from + " TO " + to + "?");
  for (const std::string& note : {link.from.note, link.to.note}) {
    if (!note.empty()) line("Note: " + note + ".");
  }
  line("weight: how much of what " + from + " reads is taken from " + to + " (" + fixed(link.even) +
       " if spread evenly); others: the same for the other tokens.");
  line("  layer  head  weight  others  verdict  takes most from");
  const std::size_t shown = std::min(kLinkRows, link.heads.size());
  for (const AttentionLink::Head& head : std::span(link.heads).first(shown)) {
    line(right(std::to_string(head.layer), 7) + right(std::to_string(head.head), 6) + right(fixed(head.weight), 8) +
         right(fixed(head.others), 8) + "  " + padded(explain::verdict(link, head), 9) + "'" +
         e_.tokens[head.strongest - 1].label + "'");
  }
  line("These are the first " + std::to_string(shown) + " of " + std::to_string(link.heads.size()) + " heads. In " +
       std::to_string(link.strongest_in) + " of all, " + from + " takes more from " + to +
       " than from any other word's pieces.");
  std::size_t linking = 0;
  for (const AttentionLink::Head& head : link.heads) {
    const std::string_view verdict = explain::verdict(link, head);
    linking += verdict == "strong" || verdict == "clear" ? 1 : 0;
  }
  if (linking == 0) {
    line("No head links them clearly: every weight is small, or other tokens look there just as much.");
  } else {
    line(std::to_string(linking) + (linking == 1 ? " head links" : " heads link") +
         " them clearly (a fifth or more of the weight, and not because every token looks there).");
  }
  line("A weight says what a head read, not why the model decided as it did.");
}

}  // namespace

std::string attention_text(const AttentionExplanation& explanation, HeatMapStyle style) {
  return Story(explanation, style).tell();
}

}  // namespace attune
