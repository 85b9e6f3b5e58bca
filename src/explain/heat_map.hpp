// A heat map in a terminal: a cell of three columns for each weight.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "attune/explain.hpp"

namespace attune::explain {

// A picture wider than this would wrap on most terminals.
inline constexpr std::size_t kMaxMapTokens = 40;

struct HeatMap {
  std::vector<std::string> row_labels;    // [rows]
  std::vector<std::string> row_comments;  // [rows] behind the cells, or empty
  std::size_t columns = 0;                // numbered from 1
  std::vector<float> weights;             // [rows, columns] 0 to 1
};

// Lines with "\n" at the end of each; numbers of the columns above.
std::string draw(const HeatMap& map, HeatMapStyle style);

// One line that says what the cells mean.
std::string legend(HeatMapStyle style);

// A bar of up to `columns` characters for a weight from 0 to 1.
std::string bar(float weight, std::size_t columns);

}  // namespace attune::explain
