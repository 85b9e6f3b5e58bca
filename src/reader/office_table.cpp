#include "reader/office_table.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include "reader/table_row.hpp"

namespace attune::reader {
namespace {

constexpr std::size_t kLongestColumnName = 120;  // bytes

// Figures are data; four digits may be a year that heads a column.
bool is_figure(std::string_view cell) {
  const bool digits_only = cell.find_first_not_of("0123456789.,-+% ") == std::string_view::npos;
  const bool year = cell.size() == 4 && (cell.starts_with("19") || cell.starts_with("20"));
  const bool iso_date = cell.size() >= 8 && cell.find_first_not_of("0123456789-:T ") == std::string_view::npos;
  return (digits_only && !year) || iso_date;
}

// Some authors write "Name:" over a column.
Cells without_colons(Cells names) {
  constexpr std::string_view kWideColon = "：";
  for (std::string& name : names) {
    if (name.ends_with(':')) name.pop_back();
    if (name.ends_with(kWideColon)) name.resize(name.size() - kWideColon.size());
  }
  return names;
}

}  // namespace

bool looks_like_header(const Cells& first) {
  std::set<std::string_view> names;
  for (const std::string& cell : first) {
    if (cell.empty()) continue;
    if (cell.size() > kLongestColumnName || is_figure(cell)) return false;
    if (!names.insert(cell).second) return false;
  }
  return names.size() >= 2;
}

void OfficeTable::add(Cells row) {
  const auto filled = std::ranges::count_if(row, [](const std::string& cell) { return !cell.empty(); });
  if (filled == 0) return;
  if (names_wanted_ && filled > 1) {
    names_wanted_ = false;
    if (header_declared_ || looks_like_header(row)) {
      names_ = without_colons(std::move(row));
      names_used_ = false;
      return;
    }
  }
  builder_.add(BlockKind::table_row, self_describing_row(names_, row), page_);
  names_used_ = true;
}

void OfficeTable::finish() {
  if (!names_used_) builder_.add(BlockKind::table_row, self_describing_row({}, names_), page_);
  names_used_ = true;
}

void add_table(TextBuilder& builder, std::vector<Cells> rows, bool header_declared, int page) {
  OfficeTable table(builder, page, header_declared);
  for (Cells& row : rows) table.add(std::move(row));
  table.finish();
}

}  // namespace attune::reader
