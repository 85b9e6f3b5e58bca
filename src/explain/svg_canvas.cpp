#include "explain/svg_canvas.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "explain/numbers.hpp"

namespace attune::explain {
namespace {

constexpr float kBlankBelow = 0.0005F;

// Colours stand in classes and not in variables, so that programs without CSS variables draw the light picture.
constexpr std::string_view kStyle = R"(<style>
text{font-family:system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei","Droid Sans Fallback",sans-serif;font-size:13px;fill:#1c2128}
.title{font-size:20px;font-weight:600}.head{font-size:15px;font-weight:600}.small{font-size:12px;fill:#59636e}
.strong{font-weight:700;fill:#b3261e}.end{text-anchor:end}.middle{text-anchor:middle}
.number{font-size:12px;font-variant-numeric:tabular-nums}
.ground{fill:#ffffff}.cell,.bar{fill:#0a4f9e}.frame{fill:#f4f6f8}.chosen{fill:none;stroke:#b3261e;stroke-width:2}
@media (prefers-color-scheme:dark){text{fill:#e8eaed}.small{fill:#a5adb6}.strong{fill:#ff9d8f}.ground{fill:#15181c}
.cell,.bar{fill:#ffc15e}.frame{fill:#1f242a}.chosen{stroke:#ff9d8f}}
</style>
)";

std::string number(double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  std::string result = text.data();
  while (result.ends_with('0')) result.pop_back();
  if (result.ends_with('.')) result.pop_back();
  return result;
}

std::string place(Point at) {
  return " x=\"" + number(at.x) + "\" y=\"" + number(at.y) + "\"";
}

}  // namespace

double darkness(float weight) {
  return std::sqrt(std::clamp(static_cast<double>(weight), 0.0, 1.0));
}

std::string escaped(std::string_view utf8) {
  std::string text;
  for (const char byte : utf8) {
    switch (byte) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      default:
        // Control characters are not allowed in XML at all.
        text += static_cast<unsigned char>(byte) < ' ' || byte == '\x7F' ? ' ' : byte;
    }
  }
  return text;
}

void SvgCanvas::text(Point at, std::string_view kind, std::string_view utf8) {
  shapes_ += "<text" + place(at) + " class=\"" + std::string(kind) + "\">" + escaped(utf8) + "</text>\n";
}

void SvgCanvas::slanted_text(Point at, std::string_view kind, std::string_view utf8) {
  shapes_ += "<text transform=\"translate(" + number(at.x) + " " + number(at.y) + ") rotate(-55)\" class=\"" +
             std::string(kind) + "\">" + escaped(utf8) + "</text>\n";
}

void SvgCanvas::rectangle(Point at, Size size, std::string_view kind, double opacity, std::string_view hint) {
  shapes_ += "<rect" + place(at) + " width=\"" + number(size.width) + "\" height=\"" + number(size.height) +
             "\" class=\"" + std::string(kind) + "\"";
  if (opacity < 1) shapes_ += " fill-opacity=\"" + number(opacity) + "\"";
  shapes_ += hint.empty() ? "/>\n" : "><title>" + escaped(hint) + "</title></rect>\n";
}

void SvgCanvas::map(Point at, const Map& map) {
  rectangle(at, {map.cell * static_cast<double>(map.columns), map.cell * static_cast<double>(map.rows)}, "frame");
  if (map.row_names.empty()) {
    plain_map(at, map);
  } else {
    map_with_hints(at, map);
  }
}

void SvgCanvas::map_with_hints(Point at, const Map& map) {
  const double gap = map.cell > 12 ? 1 : 0;
  for (std::size_t i = 0; i < map.rows; ++i) {
    for (std::size_t j = 0; j < map.columns; ++j) {
      const float weight = map.weights[i * map.columns + j];
      if (weight < kBlankBelow) continue;
      const Point corner{at.x + map.cell * static_cast<double>(j), at.y + map.cell * static_cast<double>(i)};
      const std::string hint = map.row_names[i] + " → " + map.column_names[j] + ": " + fixed(weight);
      rectangle(corner, {map.cell - gap, map.cell - gap}, "cell", darkness(weight), hint);
    }
  }
}

// One path for each of a few levels, in units of a cell: a map of many tokens would otherwise take megabytes.
void SvgCanvas::plain_map(Point at, const Map& map) {
  constexpr std::size_t kLevels = 24;
  std::array<std::string, kLevels + 1> paths;
  for (std::size_t i = 0; i < map.rows; ++i) {
    for (std::size_t j = 0; j < map.columns; ++j) {
      const auto level = static_cast<std::size_t>(std::lround(darkness(map.weights[i * map.columns + j]) * kLevels));
      paths[level] += "M" + std::to_string(j) + " " + std::to_string(i) + "h1v1h-1z";
    }
  }
  shapes_ += "<g transform=\"translate(" + number(at.x) + " " + number(at.y) + ") scale(" +
             fixed(static_cast<float>(map.cell)) + ")\">\n";
  for (std::size_t level = 1; level <= kLevels; ++level) {
    if (paths[level].empty()) continue;
    shapes_ += "<path class=\"cell\" fill-opacity=\"" +
               number(static_cast<double>(level) / static_cast<double>(kLevels)) + "\" d=\"" + paths[level] + "\"/>\n";
  }
  shapes_ += "</g>\n";
}

std::string SvgCanvas::finished(Size size, std::string_view name, std::string_view summary) const {
  const std::string extent = number(size.width) + "\" height=\"" + number(size.height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + extent + "\" viewBox=\"0 0 " + number(size.width) +
         " " + number(size.height) + "\" role=\"img\" aria-labelledby=\"name summary\">\n<title id=\"name\">" +
         escaped(name) + "</title>\n<desc id=\"summary\">" + escaped(summary) + "</desc>\n" + std::string(kStyle) +
         "<rect width=\"" + extent + "\" class=\"ground\"/>\n" + shapes_ + "</svg>\n";
}

}  // namespace attune::explain
