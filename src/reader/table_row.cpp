#include "reader/table_row.hpp"

namespace attune::reader {

std::string self_describing_row(std::span<const std::string> headers, std::span<const std::string> cells) {
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    if (!row.empty()) row += "; ";
    if (i < headers.size() && !headers[i].empty() && headers[i] != cells[i]) {
      row += headers[i];
      row += headers[i].ends_with(':') ? " " : ": ";
    }
    row += cells[i];
  }
  return row;
}

}  // namespace attune::reader
