// Alignment and recurrence told in words and numbers, with heat maps.
#include <algorithm>

#include "explain/heat_map.hpp"
#include "explain/numbers.hpp"
#include "explain/sequence_parts.hpp"
#include "explain/token_labels.hpp"

namespace attune {
namespace {

using explain::fixed;

constexpr float kWorthNaming = 0.05F;
constexpr std::size_t kNumbersShown = 4;
constexpr std::size_t kBarColumns = 30;

std::string columns_line(const SequenceExplanation& e) {
  std::string line = "Columns:";
  for (std::size_t j = 0; j < e.columns.size(); ++j) line += " " + std::to_string(j + 1) + " " + e.columns[j];
  return line + "\n";
}

std::string heading(const SequenceExplanation& e) {
  return "“" + e.source + "” → “" + e.written.text + "”\n" + e.model + ", " +
         std::string(name_of(e.shape.architecture)) +
         ", log p = " + fixed(static_cast<float>(e.written.log_probability), 2) + "\n\n";
}

// "0.93·h1 (我) + 0.05·h2 (爱) + …"
std::string weighted_sum(const SequenceExplanation& e, std::span<const float> weights) {
  std::vector<std::size_t> named;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    if (weights[j] >= kWorthNaming) named.push_back(j);
  }
  if (named.empty()) {
    named.push_back(static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin()));
  }
  std::string sum;
  for (const std::size_t j : named) {
    sum += (sum.empty() ? "" : " + ") + fixed(weights[j], 2) + "·h" + std::to_string(j + 1) + " (" + e.columns[j] + ")";
  }
  return named.size() < weights.size() ? sum + " + …" : sum;
}

std::string map_of(const SequenceExplanation& e, std::span<const float> weights, HeatMapStyle style) {
  explain::HeatMap map;
  map.row_labels = e.rows;
  map.columns = e.columns.size();
  map.weights.assign(weights.begin(), weights.end());
  return e.columns.size() > explain::kMaxMapTokens ? "  (too wide for a terminal; --svg draws it)\n" : draw(map, style);
}

std::string heads_text(const SequenceExplanation& e, HeatMapStyle style) {
  std::string text = "\nHeads that look at the source while the words are written\n";
  for (std::size_t layer = 0; layer < e.written.trace.across_hmn.size(); ++layer) {
    for (std::size_t head = 0; head < e.shape.layer.heads; ++head) {
      const auto after = explain::head_of(e, e.written, layer, head);
      text += "\nlayer " + std::to_string(layer + 1) + ", head " + std::to_string(head + 1) + ": sharpness " +
              fixed(explain::sharpness(after, e.columns.size()), 2);
      if (e.untrained) {
        const auto before = explain::head_of(e, *e.untrained, layer, head);
        text += ", before training " + fixed(explain::sharpness(before, e.columns.size()), 2) + "\n" +
                map_of(e, before, style) + "after training";
      }
      text += "\n" + map_of(e, after, style);
    }
  }
  return text + "\nSharpness: 0 looks at all words alike, 1 at a single one.\n";
}

}  // namespace

std::string alignment_text(const SequenceExplanation& e, HeatMapStyle style) {
  std::string text = heading(e) + columns_line(e);
  const auto& words = e.written.trace.words;
  if (!e.shape.aligns()) {
    return text +
           "\nThis rnn has no alignment: every word is written from one fixed context c, whatever it needs.\nc = " +
           explain::first_numbers(words.front().context, kNumbersShown) +
           "\n`attune explain rnn` shows what c still holds of each word.\n";
  }
  text += "\nAlignment a_ij: each row is a word that is written, and how much it takes from each word of the source.\n";
  if (e.untrained)
    text += "before training\n" + map_of(e, explain::alignment_of(*e.untrained), style) + "after training\n";
  text += map_of(e, explain::alignment_of(e.written), style) + explain::legend(style) +
          "\n\nContexts: c_i is the sum of the source's states h_j, each as heavy as a_ij says.\n";
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += "  c" + std::to_string(i + 1) + " = " + weighted_sum(e, words[i].weights) + " = " +
            explain::first_numbers(words[i].context, kNumbersShown) + " → " + e.rows[i] +
            " (p = " + fixed(static_cast<float>(words[i].probability), 2);
    if (e.shape.copies) text += ", copied by " + fixed(1 - words[i].generated, 2);
    text += ")\n";
  }
  if (!e.written.trace.across_hmn.empty()) text += heads_text(e, style);
  return text;
}

Result<std::string> recurrence_text(const SequenceExplanation& e, HeatMapStyle style) {
  if (const Status fine = explain::check_recurrent(e); !fine) return fine.error();
  const SequenceTrace& trace = e.written.trace;
  const std::size_t half = e.shape.layer.width / 2;
  const std::vector<float> left = explain::first_word_left(trace);
  std::string text =
      heading(e) + "The encoder reads from left to right and carries one state h_t of " + std::to_string(half) +
      " numbers.\nkept: how much of the state before stays (the mean of the update gate z).\nfirst word: "
      "‖∂h_t/∂x_1‖ / ‖∂h_1/∂x_1‖, how much the state still hangs on word 1.\n\n";
  for (std::size_t t = 0; t < e.columns.size(); ++t) {
    text += "  " + explain::padded(std::to_string(t + 1) + " " + e.columns[t], 14) + " kept " +
            fixed(trace.kept_n[t], 2) + "  first word " + fixed(left[t], 3) + " " + explain::bar(left[t], kBarColumns) +
            " h = " + explain::first_numbers(std::span(trace.forward_nh).subspan(t * half, half), kNumbersShown) + "\n";
  }
  text +=
      "\nWhat each state hangs on: row t is the state behind word t, columns are the words it has read, the strongest "
      "is 1.\n" +
      columns_line(e);
  explain::HeatMap map;
  map.row_labels = e.columns;
  map.columns = e.columns.size();
  map.weights = explain::remembered(trace);
  return text + (map.columns > explain::kMaxMapTokens ? "  (too wide for a terminal; --svg draws it)\n"
                                                      : draw(map, style) + explain::legend(style) + "\n");
}

}  // namespace attune
