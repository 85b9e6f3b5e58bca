// Shapes and text of an SVG picture, with colours that follow light and dark surroundings by their class.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace attune::explain {

struct Point {
  double x = 0, y = 0;
};

struct Size {
  double width = 0, height = 0;
};

// Text that is safe between tags and in attributes.
std::string escaped(std::string_view utf8);

class SvgCanvas {
 public:
  // `kind` is one or more classes: "title", "label", "small", "number", "strong", "end" (right-aligned), "middle".
  void text(Point at, std::string_view kind, std::string_view utf8);
  // Reading upwards to the right, as column labels do.
  void slanted_text(Point at, std::string_view kind, std::string_view utf8);
  // `kind`: "cell", "bar", "frame", "chosen", "ground". `opacity` 0 to 1; `hint` is shown when the mouse rests on it.
  void rectangle(Point at, Size size, std::string_view kind, double opacity = 1, std::string_view hint = "");
  // Weights [rows, columns], each a square of `cell`; what is close to 0 is left blank. With names of both, row i's and
  // column j's say what a cell is.
  struct Map {
    std::span<const float> weights;
    std::size_t rows = 0;
    std::size_t columns = 0;
    double cell = 0;
    std::span<const std::string> row_names = {};     // [rows], or empty: no hints
    std::span<const std::string> column_names = {};  // [columns]
  };
  void map(Point at, const Map& map);

  // The whole picture. `summary` is for those who cannot see it.
  [[nodiscard]] std::string finished(Size size, std::string_view name, std::string_view summary) const;

 private:
  void map_with_hints(Point at, const Map& map);
  void plain_map(Point at, const Map& map);

  std::string shapes_;
};

// How dark a weight is drawn: its root, because most weights are small.
double darkness(float weight);

}  // namespace attune::explain
