// How a workbook shows its numbers: percentages, currencies, decimals, and dates as ISO 8601 whatever the format's
// order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

namespace attune::reader {

// One number format, as far as it matters for reading. Thousands separators are left out, so that figures can be found.
struct NumberFormat {
  bool general = true;  // shown with as many digits as it has
  bool year = false;
  bool month = false;
  bool day = false;
  bool time = false;
  bool seconds = false;
  bool elapsed = false;  // [h]:mm: hours past 24 stay hours
  bool percent = false;
  int least_decimals = 0;
  int most_decimals = 0;
  std::string before;  // what stands before the digits: "¥"
  std::string after;

  [[nodiscard]] bool is_date() const { return year || month || day; }
};

// The first section of a format code such as `"¥"#,##0.00;[Red]-0.00`.
NumberFormat parse_number_format(std::string_view code);

// `number` as `format` shows it. `since_1904` tells which day the workbook counts from.
std::string show_number(double number, const NumberFormat& format, bool since_1904);

// The formats of cells by their index "s" in a sheet.
class CellFormats {
 public:
  CellFormats() = default;
  // `root` is <styleSheet>.
  explicit CellFormats(const pugi::xml_node& root);

  [[nodiscard]] const NumberFormat& find(int index) const;

 private:
  std::vector<NumberFormat> formats_;
  NumberFormat general_;
};

}  // namespace attune::reader
