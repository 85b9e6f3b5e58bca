// The explanation as a picture: the chosen head large, what its token reads as bars, then every head of the layer
// small.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "attune/explain.hpp"

#include "explain/attention_links.hpp"
#include "explain/numbers.hpp"
#include "explain/svg_canvas.hpp"
#include "explain/token_labels.hpp"

namespace attune {
namespace {

using explain::fixed;
using explain::Point;
using explain::SvgCanvas;

constexpr double kMargin = 28;
constexpr double kLabelColumns = 16;  // longer labels are cut
constexpr double kColumnPixels = 7;   // of a label, one column of a terminal
constexpr std::size_t kMostBars = 24;
constexpr std::size_t kSmallPerRow = 6;
constexpr std::size_t kLinksShown = 5;

std::string cut(const std::string& label, double columns) {
  const auto most = static_cast<std::size_t>(columns);
  return explain::display_width(label) <= most ? label : explain::padded(label, most);
}

class Picture {
 public:
  explicit Picture(const AttentionExplanation& explanation)
      : e_(explanation), count_(explanation.tokens.size()), cells_(count_ * count_) {
    for (const ExplainedToken& token : e_.tokens) {
      names_.push_back(cut(token.label, kLabelColumns));
      label_width_ = std::max(label_width_, kColumnPixels * static_cast<double>(explain::display_width(names_.back())));
    }
    token_ = "'" + names_[e_.token_index] + "'";
    cell_ = std::clamp(520.0 / static_cast<double>(count_), 7.0, 34.0);
    side_ = cell_ * static_cast<double>(count_);
  }

  std::string draw() {
    heading();
    const double top = y_;
    large_map();
    const double below_map = y_;
    y_ = top;
    bars();
    y_ = std::max(y_, below_map) + 36;
    small_maps();
    links();
    footer();
    return canvas_.finished({right_ + kMargin, y_ + kMargin}, title(), summary());
  }

 private:
  [[nodiscard]] std::string title() const {
    return "Self-attention: layer " + std::to_string(e_.layer_index + 1) + " of " + std::to_string(e_.model.layers) +
           ", head " + std::to_string(e_.head_index + 1) + " of " + std::to_string(e_.trace.heads);
  }
  [[nodiscard]] std::string summary() const {
    const std::size_t strongest = explain::strongest_other(e_.trace, e_.head_index, e_.token_index, e_.tokens);
    return token_ + " takes " + fixed(e_.weight(e_.head_index, e_.token_index, strongest), 2) +
           " of what it reads from '" + names_[strongest] + "'. Text: " + e_.text;
  }
  [[nodiscard]] std::span<const float> weights(std::size_t head) const {
    return std::span(e_.trace.weights_htt).subspan(head * cells_, cells_);
  }
  void reach(double right) { right_ = std::max(right_, right); }

  void heading();
  void large_map();
  void bars();
  void small_maps();
  void links();
  void footer();

  const AttentionExplanation& e_;
  std::size_t count_, cells_;
  std::vector<std::string> names_;
  std::string token_;
  double label_width_ = 0, cell_ = 0, side_ = 0;
  double y_ = kMargin;
  double right_ = 900;  // how far shapes reach, at least
  SvgCanvas canvas_;
};

void Picture::heading() {
  canvas_.text({kMargin, y_ + 18}, "title", title());
  canvas_.text({kMargin, y_ + 44}, "label", cut("“" + e_.text + "”", 120));
  canvas_.text({kMargin, y_ + 66}, "small",
               "Each row is a token that reads; the columns are the tokens that it reads. The stronger a cell's "
               "colour, the more "
               "it takes. Rows sum to 1.");
  // The scale, with the same mapping as the cells.
  double x = kMargin;
  for (const float weight : std::array{0.01F, 0.05F, 0.1F, 0.25F, 0.5F, 1.0F}) {
    canvas_.rectangle({x, y_ + 80}, {18, 18}, "frame");
    canvas_.rectangle({x, y_ + 80}, {18, 18}, "cell", explain::darkness(weight));
    canvas_.text({x + 23, y_ + 94}, "small", fixed(weight, weight == 0.5F || weight == 0.1F || weight == 1 ? 1 : 2));
    x += 62;
  }
  y_ += 112;
}

void Picture::large_map() {
  const double left = kMargin + label_width_ + 12;
  const double top = y_ + label_width_ * 0.82 + 24;
  const bool labelled = cell_ >= 12;  // else labels would lie on each other: the mouse names the tokens
  if (!labelled) canvas_.text({left, top - 8}, "small", "Rest the mouse on a cell to see its two tokens.");
  canvas_.map({left, top}, {weights(e_.head_index), count_, count_, cell_, names_, names_});
  for (std::size_t index = 0; index < count_; ++index) {
    const double middle = cell_ * (static_cast<double>(index) + 0.5);
    const bool chosen = index == e_.token_index;
    if (!labelled && !chosen) continue;
    canvas_.text({left - 8, top + middle + 4.5}, chosen ? "strong end" : "label end", names_[index]);
    if (labelled) canvas_.slanted_text({left + middle + 3, top - 7}, "label", names_[index]);
  }
  canvas_.rectangle({left - 1, top + cell_ * static_cast<double>(e_.token_index) - 1}, {side_ + 2, cell_ + 1},
                    "chosen");
  reach(left + side_ + label_width_ * 0.57);
  y_ = top + side_;
}

void Picture::bars() {
  const double left = kMargin + label_width_ + 12 + side_ + label_width_ * 0.57 + 36;
  const double bar_left = left + label_width_ + 10;
  std::vector<std::size_t> shown(count_);
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  const auto weight_of = [&](std::size_t j) { return e_.weight(e_.head_index, e_.token_index, j); };
  canvas_.text({left, y_ + 16}, "head", "What " + token_ + " reads in this head");
  canvas_.text({left, y_ + 36}, "small",
               "the framed row: softmax(q·k / √d_k), d_k = " + std::to_string(e_.head_width()));
  if (count_ > kMostBars) {
    std::stable_sort(shown.begin(), shown.end(),
                     [&](std::size_t a, std::size_t b) { return weight_of(a) > weight_of(b); });
    shown.resize(kMostBars);
    canvas_.text({left, y_ + 54}, "small",
                 "the " + std::to_string(kMostBars) + " largest of " + std::to_string(count_));
  }
  double y = y_ + (count_ > kMostBars ? 68 : 52);
  for (const std::size_t j : shown) {
    const float weight = weight_of(j);
    canvas_.text({left + label_width_, y + 13}, j == e_.token_index ? "strong end" : "label end", names_[j]);
    canvas_.rectangle({bar_left, y + 1}, {180, 15}, "frame");
    canvas_.rectangle({bar_left, y + 1}, {180 * static_cast<double>(weight), 15}, "bar");
    canvas_.text({bar_left + 188, y + 13}, "number", fixed(weight, 3));
    y += 22;
  }
  reach(bar_left + 188 + 40);
  y_ = y;
}

void Picture::small_maps() {
  canvas_.text({kMargin, y_}, "head",
               "All " + std::to_string(e_.trace.heads) + " heads of layer " + std::to_string(e_.layer_index + 1));
  canvas_.text({kMargin, y_ + 20}, "small",
               "Under each head, what " + token_ + " takes most from (its own word and special tokens aside).");
  y_ += 36;
  const double pitch = (right_ - kMargin + 20) / static_cast<double>(kSmallPerRow);
  const double side = pitch - 20;
  for (std::size_t head = 0; head < e_.trace.heads; ++head) {
    const Point at{kMargin + pitch * static_cast<double>(head % kSmallPerRow),
                   y_ + (side + 62) * static_cast<double>(head / kSmallPerRow)};
    const std::size_t strongest = explain::strongest_other(e_.trace, head, e_.token_index, e_.tokens);
    const bool chosen = head == e_.head_index;
    canvas_.text({at.x, at.y + 14}, chosen ? "strong" : "label", "head " + std::to_string(head + 1));
    canvas_.map({at.x, at.y + 22}, {weights(head), count_, count_, side / static_cast<double>(count_)});
    if (chosen) canvas_.rectangle({at.x - 2, at.y + 20}, {side + 4, side + 4}, "chosen");
    canvas_.text({at.x, at.y + side + 38}, "small",
                 fixed(e_.weight(head, e_.token_index, strongest), 2) + " " + cut(names_[strongest], 14));
  }
  y_ += (side + 62) * std::ceil(static_cast<double>(e_.trace.heads) / static_cast<double>(kSmallPerRow));
}

void Picture::links() {
  for (const AttentionLink& link : e_.links) {
    canvas_.text({kMargin, y_ + 14}, "head",
                 "Who links '" + link.from.word + "' to '" + link.to.word + "'? Of " +
                     std::to_string(link.heads.size()) + " heads the first " +
                     std::to_string(std::min(kLinksShown, link.heads.size())));
    canvas_.text(
        {kMargin, y_ + 33}, "small",
        "strong: half or more; clear: a fifth or more; common: as much, but the other tokens look there too; weak: "
        "less.");
    y_ += 42;
    for (const AttentionLink::Head& head : std::span(link.heads).first(std::min(kLinksShown, link.heads.size()))) {
      canvas_.text({kMargin, y_ + 14}, "label",
                   "layer " + std::to_string(head.layer) + ", head " + std::to_string(head.head));
      canvas_.rectangle({kMargin + 130, y_ + 2}, {180, 15}, "frame");
      canvas_.rectangle({kMargin + 130, y_ + 2}, {180 * static_cast<double>(head.weight), 15}, "bar");
      canvas_.text({kMargin + 320, y_ + 14}, "number", fixed(head.weight, 3));
      canvas_.text({kMargin + 372, y_ + 14}, "small",
                   std::string(explain::verdict(link, head)) + "; the other tokens give " + fixed(head.others, 3));
      y_ += 22;
    }
    y_ += 14;
  }
}

void Picture::footer() {
  const std::array lines = {
      std::string(
          "In each head Z = softmax(Q·Kᵀ / √d_k)·V; the heads' Z side by side, times W_O, is what attention adds."),
      std::string("A weight says what a head read, not why the model decided as it did."),
      "Model: " + e_.model.identity};
  for (const std::string& line : lines) {
    canvas_.text({kMargin, y_ + 14}, "small", line);
    y_ += 18;
  }
}

}  // namespace

std::string attention_svg(const AttentionExplanation& explanation) {
  return Picture(explanation).draw();
}

}  // namespace attune
