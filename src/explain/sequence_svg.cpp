// Alignment and recurrence as pictures.
#include <algorithm>

#include "explain/numbers.hpp"
#include "explain/sequence_parts.hpp"
#include "explain/svg_canvas.hpp"
#include "explain/token_labels.hpp"

namespace attune {
namespace {

using explain::fixed;
using explain::Point;
using explain::SvgCanvas;

constexpr double kMargin = 28;
constexpr double kColumnPixels = 7;  // of a label, one column of a terminal
constexpr std::size_t kLabelColumns = 14;
constexpr double kGap = 28;         // between maps side by side
constexpr double kNarrowest = 270;  // of a map with its heading
constexpr double kWidest = 1200;    // of maps in a row

std::vector<std::string> cut(const std::vector<std::string>& labels) {
  std::vector<std::string> out;
  for (const std::string& label : labels) {
    out.push_back(explain::display_width(label) <= kLabelColumns ? label : explain::padded(label, kLabelColumns));
  }
  return out;
}

double widest(const std::vector<std::string>& labels) {
  std::size_t columns = 0;
  for (const std::string& label : labels) columns = std::max(columns, explain::display_width(label));
  return kColumnPixels * static_cast<double>(columns);
}

class SequencePicture {
 public:
  explicit SequencePicture(const SequenceExplanation& e)
      : e_(e),
        columns_(cut(e.columns)),
        rows_(cut(e.rows)),
        cell_(std::clamp(560.0 / static_cast<double>(std::max(columns_.size(), rows_.size())), 9.0, 36.0)) {}

  std::string alignment() {
    heading(
        "How “" + e_.written.text + "” was written",
        "Each row is a word that was written, the columns are the words that were read: the stronger the colour, the "
        "more it takes. Rows sum to 1.");
    if (e_.shape.aligns()) {
      maps("Alignment a_ij, c_i = Σ a_ij h_j", explain::alignment_of(e_.written),
           e_.untrained ? explain::alignment_of(*e_.untrained) : std::vector<float>{}, cell_);
    } else {
      canvas_.text({kMargin, y_ + 20}, "head", "One fixed context c for every word: an rnn has no alignment to show.");
      y_ += 40;
    }
    head_maps();
    return finished("Alignment");
  }

  std::string recurrence() {
    const SequenceTrace& trace = e_.written.trace;
    heading(
        "What a recurrent encoder keeps",
        "Row t is the state behind word t; the columns are the words read so far. The stronger the colour, the more "
        "the state still hangs on the word.");
    rows_ = columns_;
    maps("‖∂h_t / ∂x_j‖, the strongest of each row is 1", explain::remembered(trace), {}, cell_);
    const std::vector<float> left = explain::first_word_left(trace);
    canvas_.text({kMargin, y_ + 14}, "head",
                 "What is left of “" + columns_.front() + "” in the state behind each word");
    y_ += 30;
    const double start = kMargin + widest(columns_) + 10;
    for (std::size_t t = 0; t < columns_.size(); ++t) {
      canvas_.text({start - 8, y_ + 14}, "label end", columns_[t]);
      canvas_.rectangle({start, y_ + 3}, {360, 14}, "frame");
      canvas_.rectangle({start, y_ + 3}, {360 * std::clamp(static_cast<double>(left[t]), 0.0, 1.0), 14}, "bar");
      canvas_.text({start + 370, y_ + 14}, "number", fixed(left[t], 3));
      y_ += 22;
    }
    right_ = std::max(right_, start + 440);
    return finished("Recurrence");
  }

 private:
  void heading(const std::string& title, const std::string& how) {
    canvas_.text({kMargin, y_ + 18}, "title", title);
    canvas_.text({kMargin, y_ + 44}, "label", "“" + e_.source + "”");
    canvas_.text({kMargin, y_ + 66}, "small", e_.model + ", " + std::string(name_of(e_.shape.architecture)));
    canvas_.text({kMargin, y_ + 84}, "small", how);
    y_ += 104;
  }

  // One map, or two: before and after training.
  void maps(const std::string& name, std::span<const float> after, std::span<const float> before, double cell) {
    const Extent taken = maps_at({kMargin, y_}, {name, after, before, cell});
    right_ = std::max(right_, kMargin + taken.width);
    y_ += taken.height;
  }

  struct Maps {
    const std::string& name;
    std::span<const float> after, before;
    double cell = 0;
  };
  using Extent = explain::Size;
  Extent maps_at(Point at, const Maps& maps) {
    canvas_.text({at.x, at.y + 16}, "head", maps.name);
    const double y = at.y + 24;
    const double top = y + 16 + 0.85 * widest(columns_);
    const double side = maps.cell * static_cast<double>(columns_.size());
    double left = at.x + widest(rows_) + 10;
    for (const auto& [weights, when] : {std::pair{maps.before, "before training"},
                                        std::pair{maps.after, maps.before.empty() ? "" : "after training"}}) {
      if (weights.empty()) continue;
      canvas_.text({left, y + 8}, "small", when);
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        canvas_.slanted_text({left + maps.cell * (static_cast<double>(j) + 0.6), top - 5}, "label", columns_[j]);
      }
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        canvas_.text({left - 8, top + maps.cell * (static_cast<double>(i) + 0.5) + 4}, "label end", rows_[i]);
      }
      canvas_.map({left, top}, {weights, rows_.size(), columns_.size(), maps.cell, rows_, columns_});
      left += side + kGap + widest(rows_) + 10;
    }
    const double bottom = top + maps.cell * static_cast<double>(rows_.size()) + 24;
    return {std::max(left - at.x - widest(rows_) - 10, kNarrowest), bottom - at.y};
  }

  // Side by side as far as there is room.
  void head_maps() {
    double x = kMargin;
    double height = 0;
    for (std::size_t layer = 0; layer < e_.written.trace.across_hmn.size(); ++layer) {
      for (std::size_t head = 0; head < e_.shape.layer.heads; ++head) {
        const auto after = explain::head_of(e_, e_.written, layer, head);
        std::string name = "Layer " + std::to_string(layer + 1) + ", head " + std::to_string(head + 1) + ": sharpness ";
        std::span<const float> before;
        if (e_.untrained) {
          before = explain::head_of(e_, *e_.untrained, layer, head);
          name += fixed(explain::sharpness(before, columns_.size()), 2) + " → ";
        }
        name += fixed(explain::sharpness(after, columns_.size()), 2);
        const Extent taken = maps_at({x, y_}, {name, after, before, std::min(cell_, 18.0)});
        height = std::max(height, taken.height);
        right_ = std::max(right_, x + taken.width);
        x += taken.width + kGap;
        if (x + taken.width <= kWidest) continue;
        x = kMargin;
        y_ += height;
        height = 0;
      }
    }
    y_ += height;
  }

  std::string finished(const std::string& name) {
    return canvas_.finished({right_ + kMargin, y_ + kMargin}, name, "“" + e_.source + "” → “" + e_.written.text + "”");
  }

  const SequenceExplanation& e_;
  std::vector<std::string> columns_, rows_;
  double cell_;
  double y_ = kMargin;
  double right_ = 900;
  SvgCanvas canvas_;
};

}  // namespace

std::string alignment_svg(const SequenceExplanation& e) {
  return SequencePicture(e).alignment();
}

Result<std::string> recurrence_svg(const SequenceExplanation& e) {
  if (const Status fine = explain::check_recurrent(e); !fine) return fine.error();
  return SequencePicture(e).recurrence();
}

}  // namespace attune
