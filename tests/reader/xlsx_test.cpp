// What a workbook's numbers look like to a reader. Whole workbooks are in tests/golden/reader/xlsx/.
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "reader/office_table.hpp"
#include "reader/xlsx_numbers.hpp"

namespace attune::reader {
namespace {

std::string shown(double number, std::string_view code, bool since_1904 = false) {
  return show_number(number, parse_number_format(code), since_1904);
}

}  // namespace

TEST_CASE("xlsx: numbers keep the digits that their format shows, and lose thousands separators") {
  CHECK(shown(1234567.891, "General") == "1234567.891");
  CHECK(shown(0.1 + 0.2, "General") == "0.3");
  CHECK(shown(1234567.891, "#,##0.00") == "1234567.89");
  CHECK(shown(2.5, "0.0##") == "2.5");
  CHECK(shown(2, "0.0##") == "2.0");
  CHECK(shown(2, "#.##") == "2");
  CHECK(shown(-0.0001, "0.00") == "0.00");
  CHECK(shown(0.125, "0.0%") == "12.5%");
  CHECK(shown(58, "\"¥\"#,##0.00") == "¥58.00");
  CHECK(shown(-58, "[$€-407]#,##0.00;[Red]-#,##0.00") == "-€58.00");
  CHECK(shown(7, "0 \"pieces\"") == "7 pieces");
  CHECK(shown(7, "0_);\\(0\\)") == "7");
  CHECK(shown(12345, "0.00E+00") == "12345");
  CHECK(shown(0.5, "# ?/?") == "0.5");
  CHECK(shown(1e300, "0.00") == "1e+300");
  CHECK(shown(std::numeric_limits<double>::infinity(), "0").empty());
}

TEST_CASE("xlsx: dates are ISO 8601 whatever the order of their format") {
  CHECK(shown(46113, "d/m/yyyy") == "2026-04-01");
  CHECK(shown(46113.75, "yyyy-mm-dd h:mm") == "2026-04-01 18:00");
  CHECK(shown(46113, "[$-804]yyyy\"年\"m\"月\"d\"日\";@") == "2026-04-01");
  CHECK(shown(46113, "mmm yyyy") == "2026-04");
  CHECK(shown(0.2708333333, "h:mm") == "06:30");
  CHECK(shown(0.2708333333, "h:mm:ss AM/PM") == "06:30:00");
  CHECK(shown(1.5, "[h]:mm") == "36:00");
  CHECK(shown(0.0006944444, "mm:ss") == "00:01:00");
  CHECK(shown(44651, "yyyy-mm-dd", true) == "2026-04-01");
}

TEST_CASE("xlsx: the calendar is right at its edges, with the leap day of 1900 that never was") {
  CHECK(shown(1, "yyyy-mm-dd") == "1900-01-01");
  CHECK(shown(59, "yyyy-mm-dd") == "1900-02-28");
  CHECK(shown(61, "yyyy-mm-dd") == "1900-03-01");
  CHECK(shown(36585, "yyyy-mm-dd") == "2000-02-29");
  CHECK(shown(2958465, "yyyy-mm-dd") == "9999-12-31");
  CHECK(shown(2958466, "yyyy-mm-dd") == "2958466");
  CHECK(shown(-1, "yyyy-mm-dd") == "-1");
}

TEST_CASE("xlsx: no bytes in a format code are an accident") {
  for (const char* code :
       {"", "\"", "[", "[$", "\\", "_", "*", "%", ".", ";", "[$]", "\"open", "0.000000000000000000000"}) {
    CHECK_FALSE(shown(1.5, code).empty());
  }
}

TEST_CASE("office tables: captions stand above a header, figures are none, and a lone header is text") {
  const auto text = [](std::vector<Cells> rows) {
    TextBuilder builder(1U << 20U);
    add_table(builder, std::move(rows), false);
    return builder.finish().text;
  };
  CHECK(text({{"Spring"}, {"", "Name", "Price:"}, {"1", "Tea", "3"}, {"2", "", "4"}}) ==
        "Spring\n1; Name: Tea; Price: 3\n2; Price: 4");
  CHECK(text({{"1.5", "2"}, {"3", "4"}}) == "1.5; 2\n3; 4");
  CHECK(text({{"Name", "Price"}}) == "Name; Price");
  CHECK(text({{"Name", "2024", "2025"}, {"Tea", "3", "4"}}) == "Name: Tea; 2024: 3; 2025: 4");
  CHECK(text({{"same", "same"}, {"a", "b"}}) == "same; same\na; b");
  CHECK(text({}).empty());
}

}  // namespace attune::reader
