#include "explain/heat_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "explain/token_labels.hpp"

namespace attune::explain {
namespace {

constexpr std::size_t kLabelColumns = 14;

// From this weight on, this block. Small weights matter, so the steps are not even.
struct Shade {
  float from;
  std::string_view cell;
};
constexpr std::array<Shade, 5> kShades = {
    {{0.0F, "   "}, {0.02F, "░░░"}, {0.1F, "▒▒▒"}, {0.25F, "▓▓▓"}, {0.5F, "███"}}};

// Colours of the 256 that terminals share, from dark blue to yellow: every cell is painted whole, so that the
// terminal's own background does not matter.
constexpr std::array<int, 9> kRamp = {17, 18, 25, 31, 37, 78, 149, 191, 227};
constexpr std::size_t kDarkInkFrom = 5;  // from here on black digits are easier to read than white ones

std::string_view shade(float weight) {
  std::string_view cell = kShades[0].cell;
  for (const Shade& step : kShades) {
    if (weight >= step.from) cell = step.cell;
  }
  return cell;
}

// A number in the three columns of a cell.
std::string in_cell(std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(digits.size() < 3 ? 3 - digits.size() : 0, ' ') + digits;
}

// The weight in percent on a colour by its root, because most weights are small.
std::string coloured(float weight) {
  const float place = std::sqrt(std::clamp(weight, 0.0F, 1.0F)) * static_cast<float>(kRamp.size());
  const std::size_t level = std::min(static_cast<std::size_t>(place), kRamp.size() - 1);
  const auto percent = static_cast<std::size_t>(std::lround(std::clamp(weight, 0.0F, 1.0F) * 100.0F));
  const std::string digits = percent == 0 ? "   " : in_cell(percent);
  const std::string ink = level >= kDarkInkFrom ? "16" : "255";
  return "\x1b[48;5;" + std::to_string(kRamp[level]) + ";38;5;" + ink + "m" + digits + "\x1b[0m";
}

}  // namespace

std::string draw(const HeatMap& map, HeatMapStyle style) {
  std::string text(2 + kLabelColumns + 1, ' ');
  for (std::size_t column = 0; column < map.columns; ++column) text += in_cell(column + 1);
  text += '\n';
  for (std::size_t row = 0; row < map.row_labels.size(); ++row) {
    text += "  " + padded(map.row_labels[row], kLabelColumns) + ' ';
    for (std::size_t column = 0; column < map.columns; ++column) {
      const float weight = map.weights[row * map.columns + column];
      text += style == HeatMapStyle::ansi ? coloured(weight) : std::string(shade(weight));
    }
    if (row < map.row_comments.size()) text += "  " + map.row_comments[row];
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  }
  return text;
}

std::string legend(HeatMapStyle style) {
  return style == HeatMapStyle::ansi ? "Cells hold the weight in percent; blue is little, yellow is much."
                                     : "Cells: ░ from 0.02, ▒ from 0.1, ▓ from 0.25, █ from 0.5.";
}

std::string bar(float weight, std::size_t columns) {
  constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const float clamped = std::clamp(weight, 0.0F, 1.0F);
  const auto eighths = static_cast<std::size_t>(std::lround(clamped * 8.0F * static_cast<float>(columns)));
  std::string text;
  for (std::size_t whole = 0; whole < eighths / 8; ++whole) text += "█";
  return padded(text + std::string(kEighths[eighths % 8]), columns);
}

}  // namespace attune::explain
